"""What a rule about a wheel's making is: a generator of sightings, with a name, a reason and what mends it."""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.support.text import few
from envdoctor.wheels import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeAlias

    from envdoctor.wheels.reviewed import ReviewedWheel

_SHOWN = 3


class Part(enum.IntEnum):
    """How much of a wheel must be at hand for a rule; each includes those before it."""

    PARTS = 0  # the directory of the archive, the small files of .dist-info, the heads of native files
    RECORD = 1
    WHOLE = 2  # every file's content


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a rule saw, once.

    Attributes:
        message: what is wrong, in one sentence.
        files: the members, or the fields, that it is about, the first being the subject.
        excerpt: the words that prove it; without any, the files do.
        severity: as in `WheelFault`.
        is_refused: whether pip and uv both refuse the wheel for it, so that it can't be installed.
    """

    message: str
    files: tuple[str, ...]
    excerpt: str = ""
    severity: Severity = Severity.WARNING
    is_refused: bool = False


if TYPE_CHECKING:
    Search: TypeAlias = Callable[[ReviewedWheel], Iterable[Sighting]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of fault.

    Attributes:
        name: kebab-case, states the problem, never reused.
        fix: what the wheel's maker can do, in one sentence.
        needs: what of the wheel must have been read.
        search: yields what it sees; nothing is a pass.
    """

    name: str
    fix: str
    needs: Part
    search: Search

    @property
    def explanation(self) -> str:
        """What it is, and why it matters."""
        return inspect.getdoc(self.search) or ""


def rule(name: str, *, fix: str, needs: Part = Part.PARTS) -> Callable[[Search], Rule]:
    """Makes a rule of a generator; its docstring says what it is and why it matters."""

    def make(search: Search) -> Rule:
        return Rule(name=name, fix=fix, needs=needs, search=search)

    return make


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by family and in the order in which each module has them."""
    return tuple(_found())


def _found() -> Iterator[Rule]:
    names: set[str] = set()
    for info in pkgutil.iter_modules(faults.__path__):
        module = importlib.import_module(f"{faults.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Rule):
                if value.name in names:
                    raise AssertionError(f"two rules are called {value.name}")
                names.add(value.name)
                yield value


def listed(files: Sequence[str]) -> str:
    """The first few of several files, and how many more."""
    return few(files, _SHOWN)
