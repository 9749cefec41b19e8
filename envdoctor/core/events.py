"""What a build tells while it runs: values that a display shows and nothing depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from envdoctor.core.route import Attempt, Route, StagePlan, StageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStarted:
    """A route is tried.

    Attributes:
        number: its place among the routes that are tried, from 1.
    """

    route: Route
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFailed:
    """A route came to nothing; the next one, if there is any, starts after this."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A stage begins; its environment may still have to be made.

    Attributes:
        number: its place in the route, from 1.
    """

    route: Route
    stage: StagePlan
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEnded:
    """A stage ended: done, reused, failed or cancelled."""

    result: StageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentProgress:
    """A line about an environment that is being made.

    Attributes:
        name: of the environment.
        text: one line: what is resolved, downloaded (with its size) or installed now.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence that the user should see while the build goes on."""

    text: str


Event: TypeAlias = RouteStarted | RouteFailed | StageStarted | StageEnded | EnvironmentProgress | Note

#: Takes each event as it happens, in the thread that runs the build. Must not raise and must not block.
Listener: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of a build that nobody watches."""
    del event
