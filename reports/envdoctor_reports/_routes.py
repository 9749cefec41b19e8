"""Routes as a list that tells nothing twice: which ones share what stands in their way, and what opens the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.route import Verdict
from envdoctor.support.text import quote_command
from envdoctor_reports._view import State, reason_line, reason_state, verdict_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.route import GoalReach, Reason, Route


def goal_state(row: GoalReach) -> tuple[State, str]:
    """How far a goal is, as a state and in words."""
    return (State.ERROR, "blocked") if row.route is None else verdict_of(row.route)


def goal_rows(goals: Sequence[GoalReach]) -> list[tuple[str, str, str, str]]:
    """For each goal: its name, how far it is, the best route and what that needs."""
    names = [(row, "none" if row.route is None else row.route.name) for row in goals]
    return [(row.goal.name, goal_state(row)[1], name, row.obstacle or "nothing") for row, name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedRoute:
    """One route of a list.

    Attributes:
        number: its rank, from 1.
        remarks: what is worth knowing of it alone, and mends itself.
    """

    number: int
    route: Route
    remarks: tuple[Reason, ...] = ()

    @property
    def state(self) -> State:
        """How it stands."""
        return verdict_of(self.route)[0]

    @property
    def line(self) -> str:
        """Its rank, its name and its verdict."""
        return f"{self.number}. {self.route.name}: {verdict_of(self.route)[1]}"

    @property
    def steps(self) -> str:
        """Its stages in words."""
        return " > ".join(stage.title for stage in self.route.stages)

    @property
    def blocked_by(self) -> str:
        """What nothing mends, in one sentence; empty if there is no such thing."""
        return "; ".join(reason_line(one) for one in self.route.reasons if one.verdict is Verdict.BLOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGroup:
    """Routes with the same verdict, in whose way the same things stand.

    Attributes:
        routes: the best first.
        obstacles: what stands in the way of each, beyond what stands in the way of all routes there are.
    """

    routes: tuple[RankedRoute, ...]
    obstacles: tuple[Reason, ...]

    @property
    def whose(self) -> str:
        """The ranks of several routes, to stand before what they share."""
        return f"{', '.join(str(one.number) for one in self.routes)}: " if len(self.routes) > 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedRoutes:
    """A list of routes, folded.

    Attributes:
        shared: the reasons that every one of several routes has.
        groups: the others, in the order of their ranks.
    """

    shared: tuple[Reason, ...]
    groups: tuple[RouteGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The best route that steps of the user's can open.

    Attributes:
        commands: the steps that are commands, as a shell takes them.
        others: the reasons whose fix is no command.
    """

    number: int
    route: Route
    commands: tuple[str, ...]
    others: tuple[Reason, ...]


def fold(routes: Sequence[Route]) -> FoldedRoutes:
    """Tell what several routes share once."""
    first, *others = routes
    shared = tuple(one for one in first.reasons if others and all(one in route.reasons for route in others))
    grouped: list[tuple[tuple[State, tuple[Reason, ...]], list[RankedRoute]]] = []
    for number, route in enumerate(routes, start=1):
        own = [one for one in route.reasons if one not in shared]
        remarks = tuple(one for one in own if reason_state(one) is State.NOTE)
        obstacles = tuple(one for one in own if one not in remarks)
        ranked = RankedRoute(number=number, route=route, remarks=remarks)
        key = (ranked.state, obstacles)
        if not grouped or grouped[-1][0] != key:  # neighbours alone, so that the ranks stand in their order
            grouped.append((key, []))
        grouped[-1][1].append(ranked)
    groups = (RouteGroup(routes=tuple(alike), obstacles=obstacles) for (_, obstacles), alike in grouped)
    return FoldedRoutes(shared=shared, groups=tuple(groups))


def opening(routes: Sequence[Route]) -> Opening | None:
    """What opens the best route, rather one that commands alone open; None if a route is open, or none can be."""
    if any(route.takeable for route in routes):
        return None
    ways = [way for number, route in enumerate(routes, start=1) if (way := _opening(number, route))]
    return min(ways, key=lambda way: bool(way.others), default=None)


def _opening(number: int, route: Route) -> Opening | None:
    closed = [one for one in route.reasons if one.verdict > Verdict.UNKNOWN and not one.automatic]
    if not all(one.verdict is Verdict.FIXABLE and one.fix is not None for one in closed):
        return None
    fixes = [one.fix for one in closed if one.fix is not None]
    return Opening(
        number=number,
        route=route,
        commands=tuple(dict.fromkeys(quote_command(argv) for fix in fixes for argv in fix.commands)),
        others=tuple(one for one in closed if one.fix is not None and not one.fix.commands),
    )


def opening_line(way: Opening) -> str:
    """What opens a route, in words; its commands follow."""
    name = f"route {way.number}, {way.route.name}"
    word = "this command" if len(way.commands) == 1 else "these commands"
    if not way.others:
        return f"{word.capitalize()} open{'s' if len(way.commands) == 1 else ''} {name}:"
    needs = " and ".join(dict.fromkeys(one.text for one in way.others))
    return f"To open {name}, mend what is said above ({needs})" + (f", and run {word}:" if way.commands else ".")
