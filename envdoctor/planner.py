"""Every way from a source to a goal, ranked. Pure: actions and facts in, routes out."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import itertools
import pathlib
from typing import TYPE_CHECKING

from envdoctor.core.artifact import Artifact
from envdoctor.core.errors import FactUnavailable, UsageProblem
from envdoctor.core.route import Reason, Route, StagePlan, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.action import Action, Place, Requirement
    from envdoctor.core.goal import Goal
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

Path = tuple["Action", ...]


def plan(actions: Iterable[Action], request: Request, facts: Facts) -> tuple[Route, ...]:
    """Find all routes from the request's source to its goal.

    Returns:
        The routes, the best first: by verdict, then by how much of what is wrong with the source they mend, then by
        cost, then by name. Empty if no chain of actions leads there.

    Raises:
        UsageProblem: the request names no source or no goal.
    """
    source, goal = source_of(request), goal_of(request)
    usable = [one for one in actions if (not one.goals or goal.compiler in one.goals) and one.applies(source)]
    usable = [one for one in usable if one.mends is None or one.mends(request)]
    routes = [
        (len(_mended(path, request)), _route(path, places, request, facts))
        for path in _paths(source.kind, goal, usable)
        for places in itertools.product(*(_places(one, request, facts) for one in path))
    ]
    ranked = sorted(routes, key=lambda found: (found[1].verdict, -found[0], found[1].cost, found[1].name))
    return tuple(route for _, route in ranked)


def _mended(path: Path, request: Request) -> frozenset[str]:
    """The traits of the source that the stages of a path take away."""
    return frozenset(trait for one in path if one.mends is not None for trait in one.mends(request))


def choose(routes: Sequence[Route], wanted: str) -> tuple[Route, ...]:
    """The routes that `--route` means: one by its full name, or all with an action or a place of that name.

    Raises:
        UsageProblem: none is meant; names the nearest.
    """
    exact = tuple(route for route in routes if route.name == wanted)
    if exact:
        return exact
    parts = {route: {word for stage in route.stages for word in (stage.action, stage.place)} for route in routes}
    chosen = tuple(route for route in routes if wanted in parts[route])
    if not chosen:
        names = [route.name for route in routes]
        near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]}?" if near else f"the routes are {', '.join(names)}."
        raise UsageProblem(f"there is no route '{wanted}' from this model to this goal; {hint}")
    return chosen


def last_stages(actions: Sequence[Action], request: Request, facts: Facts) -> tuple[Route, ...]:
    """Where the last stage to a goal can run, the best first: routes of that stage alone, whatever the model."""
    goal = goal_of(request)
    found = []
    for action in (one for one in actions if one.produces == goal.kind and one.mends is None):
        asked = dataclasses.replace(action, requires=tuple(map(_whatever_the_model, action.requires)))
        for place in _places(action, request, facts):
            name = action.name if place.name == "local" else f"{action.name}@{place.name}"
            stage = _stage(asked, place, request, facts)
            found.append(Route(name=name, stages=(stage,), cost=action.cost + place.cost))
    return tuple(sorted(found, key=lambda route: (route.verdict, route.cost)))


def _whatever_the_model(requirement: Requirement) -> Requirement:
    """The same, without a word where it asks about the model."""

    def requires(facts: Facts, request: Request) -> Iterator[Reason]:
        with contextlib.suppress(UsageProblem):
            yield from requirement(facts, request)

    return requires


def _paths(start: str, goal: Goal, actions: Sequence[Action]) -> Iterator[Path]:
    mending = [one for one in actions if one.mends is not None and start in one.consumes]
    actions = [one for one in actions if one.mends is None]

    def extend(kind: str, path: Path, seen: frozenset[str]) -> Iterator[Path]:
        if kind == goal.kind and path:
            yield path
            return
        for one in actions:
            if kind in one.consumes and one.produces not in seen:
                yield from extend(one.produces, (*path, one), seen | {one.produces})

    for path in ((), *extend(start, (), frozenset({start}))):
        if not _has_detour(start, path):
            yield from ([path] if path else [])
            yield from ((one, *path) for one in mending if path or start == goal.kind)


def _has_detour(start: str, path: Path) -> bool:
    """True if the path still works with some of its stages left out: they would be work for nothing."""
    kinds = (start, *(one.produces for one in path))
    return any(kinds[left] in path[right].consumes for right in range(1, len(path)) for left in range(right))


def _places(action: Action, request: Request, facts: Facts) -> tuple[Place, ...]:
    """The places that make sense on this machine; one about which that can't be found out does."""

    def makes_sense(place: Place) -> bool:
        try:
            return place.applies(facts, request)
        except FactUnavailable:
            return True

    return tuple(place for place in action.places if makes_sense(place))


def _route(path: Path, places: tuple[Place, ...], request: Request, facts: Facts) -> Route:
    stages = tuple(
        _stage(one, place, _without(request, _mended(path[:number], request)), facts)
        for number, (one, place) in enumerate(zip(path, places, strict=True))
    )
    words = [
        one.name if place.name == "local" else f"{one.name}@{place.name}"
        for one, place in zip(path, places, strict=True)
    ]
    cost = sum(one.cost + place.cost for one, place in zip(path, places, strict=True))
    return Route(name="+".join(words), stages=stages, cost=cost)


def _without(request: Request, mended: frozenset[str]) -> Request:
    """The request, with a source that has some traits no more."""
    source = source_of(request)
    return dataclasses.replace(request, source=dataclasses.replace(source, traits=source.traits - mended))


def _stage(one: Action, place: Place, request: Request, facts: Facts) -> StagePlan:
    return StagePlan(
        action=one.name,
        title=one.title,
        produces=one.produces,
        place=place.name,
        environment=one.environment,
        reasons=tuple(_reasons((*one.requires, *place.requires), request, facts)),
    )


def _reasons(requirements: Iterable[Requirement], request: Request, facts: Facts) -> Iterator[Reason]:
    for requirement in requirements:
        try:
            yield from requirement(facts, request)
        except FactUnavailable as error:
            yield Reason(verdict=Verdict.UNKNOWN, text=f"could not find out: {error}")


def unlocking(routes: Sequence[Route]) -> Reason | None:
    """The one reason whose fix opens the best route that is not open yet, if a single fix does that.

    None if a route is ready: then nothing needs opening.
    """
    if any(route.verdict is Verdict.READY for route in routes):
        return None
    for route in routes:
        closed = [reason for reason in route.reasons if reason.verdict > Verdict.UNKNOWN and not reason.automatic]
        if len(closed) == 1 and closed[0].verdict is Verdict.FIXABLE and closed[0].fix is not None:
            return closed[0]
    return None


def kinds_that_lead_to(goal: Goal, actions: Iterable[Action]) -> frozenset[str]:
    """The kinds of model from which some chain of actions leads to a goal."""
    usable = [one for one in actions if one.mends is None and (not one.goals or goal.compiler in one.goals)]
    found = set()
    for kind in {kind for one in usable for kind in one.consumes}:
        source = Artifact(kind=kind, path=pathlib.Path(), sha256="")
        if any(_paths(kind, goal, [one for one in usable if one.applies(source)])):
            found.add(kind)
    return frozenset(found)


def source_of(request: Request) -> Artifact:
    """The request's source.

    Raises:
        UsageProblem: it has none.
    """
    if request.source is None:
        raise UsageProblem("no model was given; name a file")
    return request.source


def goal_of(request: Request) -> Goal:
    """The request's goal.

    Raises:
        UsageProblem: it has none.
    """
    if request.goal is None:
        raise UsageProblem("no goal was given; name one with --to")
    return request.goal
