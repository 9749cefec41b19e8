"""Environments for stages: which are made, which can be made here, and what that means for a route."""

from __future__ import annotations

import sys
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.request import Request
from envdoctor.core.route import Reason, Verdict
from envdoctor.environments.cache import VARIABLE, human_size
from envdoctor.environments.licenses import is_accepted
from envdoctor.environments.own import OwnEnvironment, unmet
from envdoctor.environments.spec import environment_names, environment_spec
from envdoctor.environments.status import EnvironmentStatus, State, statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.environments.spec import License
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    """What is known of each environment that an action can ask for.

    Attributes:
        statuses: by name.
    """

    statuses: Mapping[str, EnvironmentStatus] = field(default_factory=dict)

    def status(self, name: str) -> EnvironmentStatus:
        """What is known of one environment.

        Raises:
            FactUnavailable: nothing.
        """
        if name not in self.statuses:
            raise FactUnavailable("environments", f"nothing is known of an environment '{name}'")
        return self.statuses[name]


def collect(request: Request, executor: Executor) -> Environments:
    """Look at all environments of the table.

    Raises:
        EnvironmentProblem: uv is not there, or can't tell which Pythons are.
    """
    return Environments(statuses=statuses(map(environment_spec, environment_names()), request, executor))


def own_environment(facts: Facts) -> OwnEnvironment | None:
    """The user's own environment; None if it could not be looked at."""
    try:
        active = facts.packages.active()
        return OwnEnvironment(
            python=Path(facts.python.executable),
            distributions={name: one.version for name, one in active.items()},
            version=facts.python.version,
            metadata={name: Path(one.metadata) for name, one in active.items() if one.metadata},
            editable=frozenset(name for name, one in active.items() if one.editable),
        )
    except FactUnavailable:
        return None


def needs_environment(name: str) -> Callable[[Facts, Request], Iterator[Reason]]:
    """A requirement for `Action.requires`: that environment, the user's own or one that envdoctor makes.

    READY if there is one; FIXABLE, and mended by a build itself, if one has to be made; FIXABLE by the user if that
    takes another Python first, or a licence that has to be accepted; BLOCKED if this machine can't have it; UNKNOWN if
    it would have to be made offline or on a disk that is too full for all of it.
    """
    spec = environment_spec(name)

    def requirement(facts: Facts, request: Request) -> Iterator[Reason]:
        own = own_environment(facts)
        if own is not None and not unmet(spec, own.distributions):
            has = ", ".join(own.relevant(spec))
            yield Reason(verdict=Verdict.READY, text=f"runs in your own environment, which has {has}")
            return
        reason = environment_reason(facts.environments.status(name), offline=request.offline)
        yield reason
        if spec.license is not None and reason.verdict is not Verdict.BLOCKED:
            yield from _license_reason(spec.license, request)

    return requirement


def missing_environment(facts: Facts, name: str, subject: str) -> Iterator[Finding]:
    """What is in the way of an environment, for a probe: a note where a build makes it by itself, else an error.

    Args:
        facts: of the machine.
        name: of the environment.
        subject: the program that it is for, as a person calls it.
    """
    for reason in needs_environment(name)(facts, Request()):
        if reason.verdict is not Verdict.READY:
            yield Finding(
                severity=Severity.INFO if reason.automatic else Severity.ERROR,
                subject=subject,
                message=reason.text,
                evidence=(Evidence(source=f"environment {name}", excerpt=reason.text),),
                fix=reason.fix,
            )


def needs_permission(name: str, what: str) -> Callable[[Facts, Request], Iterator[Reason]]:
    """A requirement for `Action.requires`: an environment of gigabytes is made only if the user allows it.

    Args:
        name: of the environment.
        what: it brings along, in words that its size follows.
    """
    spec = environment_spec(name)

    def requirement(facts: Facts, request: Request) -> Iterator[Reason]:
        own, status = own_environment(facts), facts.environments.status(name)
        has_own = own is not None and not unmet(spec, own.distributions)
        if has_own or request.options.allow_large or status.state in {State.MADE, State.IMPOSSIBLE}:
            return
        size = f"{human_size(status.download)} to download and {human_size(status.installed)} on disk"
        text = f"{what}: {size}" if status.download else what
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=Fix(text="Allow it with --allow-large."))

    return requirement


def environment_reason(status: EnvironmentStatus, *, offline: bool) -> Reason:
    """What an environment of envdoctor's own means for a route.

    Args:
        status: what is known of it.
        offline: True if nothing may be fetched.
    """
    if status.state is State.MADE:
        text = f"runs in envdoctor's own environment with {status.title}, which is there"
        return Reason(verdict=Verdict.READY, text=text)
    if status.state is State.IMPOSSIBLE:
        return Reason(verdict=Verdict.BLOCKED, text=status.reason)
    if status.state is State.NO_PYTHON:
        return Reason(verdict=Verdict.FIXABLE, text=status.reason, fix=_install_python(status.pythons[0]))
    return _to_be_made(status, offline=offline)


def _to_be_made(status: EnvironmentStatus, *, offline: bool) -> Reason:
    needs = f"{status.title} is not installed"
    if offline:
        return Reason(
            verdict=Verdict.UNKNOWN,
            text=f"{needs}, and offline its environment can be made only if all of it was downloaded before",
            fix=Fix(text="Run the same once without --offline."),
        )
    if status.free is not None and status.free < status.installed:
        room = f"takes {human_size(status.installed)}, and {human_size(status.free)} are free"
        return Reason(
            verdict=Verdict.UNKNOWN,
            text=f"{needs}; its environment {room}",
            fix=Fix(text=f"Free some space, or set {VARIABLE} to a folder on another disk."),
        )
    return Reason(
        verdict=Verdict.FIXABLE,
        text=f"{needs}: up to {human_size(status.download)} to download, {human_size(status.installed)} on disk",
        fix=Fix(text=f"The build makes an environment for it by itself, with Python {status.version}.", safe=True),
        automatic=True,
    )


def _license_reason(asked: License, request: Request) -> Iterator[Reason]:
    """Nothing if the user accepted the licence, now or before."""
    if not is_accepted(asked, request):
        fix = Fix(text=f"Read it, then accept it once: give `build` the option --accept-license {asked.name}.")
        yield Reason(verdict=Verdict.FIXABLE, text=f"a licence has to be accepted: {asked.words}", fix=fix)


def _install_python(version: str) -> Fix:
    return Fix(
        text=f"Install Python {version}; the present Python can stay.",
        commands=((sys.executable, "-m", "uv", "python", "install", version),),
        safe=True,
    )
