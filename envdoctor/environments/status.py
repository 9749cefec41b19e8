"""What it would take to use an environment, found out without making one."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments.cache import Cache, open_cache
from envdoctor.environments.choice import Machine, choose
from envdoctor.environments.interpreters import Interpreters
from envdoctor.environments.making import own_python
from envdoctor.environments.store import made_environments
from envdoctor.executors.programs import find_uv

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.core.request import Request
    from envdoctor.environments.spec import EnvironmentSpec
    from envdoctor.executors import Executor


class State(enum.Enum):
    """How far an environment is."""

    MADE = "made"
    MAKEABLE = "makeable"
    NO_PYTHON = "no-python"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStatus:
    """What is known of an environment.

    Attributes:
        name: of its specification.
        title: what it is, for a person.
        state: NO_PYTHON if another Python would have to be installed, IMPOSSIBLE if that would not help either.
        python: its interpreter if it is made; the one to make it with if it can be.
        version: of that Python.
        download: bytes to fetch for it, at most.
        installed: bytes that it takes on disk.
        free: bytes that are free there; None if not known.
        reason: why it can't be made.
        pythons: versions of Python of which one would do.
    """

    name: str
    title: str
    state: State
    python: Path | None = None
    version: str = ""
    download: int = 0
    installed: int = 0
    free: int | None = None
    reason: str = ""
    pythons: tuple[str, ...] = ()


def statuses(specs: Iterable[EnvironmentSpec], request: Request, executor: Executor) -> dict[str, EnvironmentStatus]:
    """Look at several environments, asking for the machine's Pythons once.

    Takes a few hundredths of a second; up to a second when Pythons have to be searched for that uv never saw before.
    An environment that is made is not held against its RECORDs here: `ensure` does that.

    Raises:
        EnvironmentProblem: uv is not there, which installs what is in them.
    """
    cache = open_cache(request)
    find_uv()  # what would install the packages
    pythons = Interpreters(executor=executor, python=own_python(request))
    return {spec.name: _status(spec, cache, pythons) for spec in specs}


def status(spec: EnvironmentSpec, request: Request, executor: Executor) -> EnvironmentStatus:
    """Look at one environment; see `statuses`."""
    return statuses((spec,), request, executor)[spec.name]


def _status(spec: EnvironmentSpec, cache: Cache, pythons: Interpreters) -> EnvironmentStatus:
    for made in made_environments(spec, cache, thorough=False):
        return EnvironmentStatus(
            name=spec.name,
            title=spec.title,
            state=State.MADE,
            python=made.python,
            version=made.version,
            installed=made.size,
        )
    if pythons.own() is None and not pythons.all():  # that one runs is certain: ours
        raise EnvironmentProblem(f"no Python could be asked what it is{pythons.remark()}.")
    choice = choose(spec, pythons.own(), pythons.all, Machine.here())
    if choice.interpreter is None or choice.need is None:
        state = State.NO_PYTHON if choice.pythons else State.IMPOSSIBLE
        reason = choice.reason + pythons.remark()
        return EnvironmentStatus(name=spec.name, title=spec.title, state=state, reason=reason, pythons=choice.pythons)
    return EnvironmentStatus(
        name=spec.name,
        title=spec.title,
        state=State.MAKEABLE,
        python=choice.interpreter.path,
        version=choice.interpreter.version,
        download=choice.need.download,
        installed=choice.need.installed,
        free=cache.free(),
    )
