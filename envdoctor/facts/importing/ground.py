"""What imports come to, and what these verdicts rest on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.imports.verdict import Failure  # noqa: TC001 - what is kept is read back by its type

if TYPE_CHECKING:
    from envdoctor.facts.importing.modules import Place


def digest_of(value: str | None) -> str:
    """What tells whether a value is another one, without its words, which may be secret; "" for none."""
    return "" if value is None else hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What importing one module comes to.

    Attributes:
        failures: why it fails, as `imports.verdict.Verdict` has it.
        ended: the modules whose texts it goes through to their end, certainly or not.
        given: (module, name) of names that it may give to modules of others.
        asked: (module, name, module that asks) of names that it certainly asks modules of others for.
        variables: the variables that it certainly sets, as (NAME=VALUE, module that does so).
        complete: whether everything was followed.
        most: modules of its package that were followed at most.
    """

    failures: tuple[Failure, ...] = ()
    most: int = 0
    ended: frozenset[str] = frozenset()
    given: frozenset[tuple[str, str]] = frozenset()
    asked: frozenset[tuple[str, str, str]] = frozenset()
    variables: frozenset[tuple[str, str]] = frozenset()
    complete: bool = True


@dataclass(slots=True, kw_only=True)
class Ground:
    """What the verdicts on a unit rest on.

    Attributes:
        places: where each module was that was looked up.
        texts: the files that were read.
        libraries: answers on libraries, by name and whether that was a whole one.
        distributions: answers on distributions, by name.
        variables: the environment's that were asked for, by name, as `digest_of` their values.
        units: others that were asked.
        verdicts: on its modules.
        lacking: whether a module certainly lacks a name, by both.
    """

    places: dict[str, Place] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    libraries: dict[tuple[str, bool], bool | None] = field(default_factory=dict)
    distributions: dict[str, bool | None] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    units: set[str] = field(default_factory=set)
    verdicts: dict[str, Rehearsed] = field(default_factory=dict)
    lacking: dict[tuple[str, str], bool] = field(default_factory=dict)
