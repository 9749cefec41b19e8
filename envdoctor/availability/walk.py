"""Our own walk of a requirement tree: where a resolver names one blocker, this collects every one.

For each requirement the walk goes on with the version that a resolver would try first; if that one can't be completed
it tries older ones, a few. A requirement is blocked if none of them can. Whether requirements that are fine each on
their own fit together is looked at afterwards, on the versions chosen.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.availability.absence import no_version
from envdoctor.availability.blockers import Offer, absent, blockers, pinned_version
from envdoctor.availability.candidates import candidates
from envdoctor.availability.wording import versions_words
from envdoctor.core.availability import CellReason, Node, ReasonKind
from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.core.finding import Severity
from envdoctor.support.parallel import in_parallel
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from envdoctor.availability.candidates import Refusals
    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.target import Target

_TRIED = 6
_DEEPEST = 60
_REMEMBERED = 100
_ENOUGH = 100  # reasons, after which no further requirement is looked at
_AT_ONCE = 16
UNDATED = "The index tells no upload times of"


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkResult:
    """What a walk found.

    Attributes:
        roots: one tree for each requirement that was asked for.
        reasons: everything in the way, with the path to it; empty if the walk found a way through.
    """

    roots: tuple[Node, ...]
    reasons: tuple[CellReason, ...]


class Walk:
    """One walk for one target. Not to be shared among threads; the catalogue is."""

    def __init__(
        self,
        catalogue: Catalogue,
        target: Target,
        constraints: Iterable[Requirement] = (),
        pins: Mapping[str, str] | None = None,
    ) -> None:
        """Prepares a walk.

        Args:
            catalogue: the index.
            target: the machine.
            constraints: lines that restrict versions without asking for a package.
            pins: versions that a resolver has chosen already; the walk follows them.
        """
        self._catalogue = catalogue
        self._target = target
        self._constraints = _merged(constraints)
        self._pins = pins or {}
        # What is in the way below a version, with the path from there: a tree is told once, however often reached.
        self._done: dict[tuple[str, Version, frozenset[str]], tuple[CellReason, ...]] = {}
        self._open: set[tuple[str, Version, frozenset[str]]] = set()

    def run(self, requirements: Iterable[Requirement]) -> WalkResult:
        """Walks the trees of these requirements until enough is in the way; what is left then is a reason too."""
        asked = [one for one in requirements if self._applies(one, frozenset())]
        roots: list[Node] = []
        reasons: list[CellReason] = []
        while len(roots) < len(asked) and len(reasons) < _ENOUGH:
            some = asked[len(roots) : len(roots) + _AT_ONCE]
            for _ in in_parallel(self._fetch, some, _AT_ONCE, "walk"):
                pass
            found = [self._node(one) for one in some]
            roots += found
            reasons += (reason for root in found for reason in _reasons(root, (root.requirement,)))
        conflicts = self._conflicts(roots, certain=bool(reasons))
        return WalkResult(roots=tuple(roots), reasons=(*_distinct((*reasons, *conflicts)), *_left(asked[len(roots) :])))

    def _fetch(self, requirement: Requirement) -> None:
        """Has the index asked for a package; the catalogue keeps the answer, and what went wrong."""
        if not requirement.url:
            with contextlib.suppress(NetworkProblem, Unreadable):
                self._catalogue.releases(_normalized(requirement.name))

    def _node(self, requirement: Requirement) -> Node:
        """The tree below one requirement; failures to look become reasons in it."""
        name = _normalized(requirement.name)
        if requirement.url:
            return _unlooked(requirement, f"{requirement} names a URL, which is not looked into.")
        try:
            if self._catalogue.is_undated(name):
                return _unlooked(requirement, f"{UNDATED} {name}, so that its files of that day are not known.")
            offer = self._offer(name)
            found = candidates(offer.refusals, self._allowed(name, requirement.specifier))
        except NetworkProblem as error:
            return _failed(requirement, ReasonKind.NETWORK, error)
        except Unreadable as error:
            return _failed(requirement, ReasonKind.UNREADABLE, error)
        if not found.usable:
            return Node(requirement=str(requirement), reasons=self._blockers(requirement, offer, found.refused))
        return self._first_complete(requirement, self._order(name, found.usable))

    def _blockers(self, requirement: Requirement, offer: Offer, refused: Refusals) -> tuple[CellReason, ...]:
        """What is in the way of every version, and that a constraint is, where one leaves none."""
        limit = self._constraints.get(_normalized(requirement.name))
        if refused:
            reasons = blockers(requirement, offer, refused, self._target)
            note = f" The constraints allow {limit} only." if limit else ""
            return tuple(replace(reason, message=reason.message + note) for reason in reasons)
        if limit and _any_of(offer, requirement.specifier):
            return (_constrained(requirement, limit, self._catalogue, possible=_any_of(offer, limit)),)
        return (absent(requirement, self._catalogue, offer),)

    def _order(self, name: str, usable: tuple[Version, ...]) -> tuple[Version, ...]:
        pinned = [version for version in usable if str(version) == self._pins.get(name)]
        return tuple(pinned) or usable

    def _first_complete(self, requirement: Requirement, usable: tuple[Version, ...]) -> Node:
        first: Node | None = None
        for version in usable[:_TRIED]:
            node = self._chosen(requirement, version)
            if not any(True for _ in _reasons(node, ())):
                return node
            first = first or node
            if len(self._open) > _DEEPEST:
                break
        if first is None:
            raise AssertionError("a requirement with usable versions has a first one")
        if len(usable) > 1:
            others = usable[1:_TRIED]
            note = f"{versions_words(others)} can't be completed either" if others else ""
            left = len(usable) - _TRIED
            note += f"; {left} more were not looked at" if left > 0 else ""
            return replace(first, reasons=(*first.reasons, _note(requirement, f"{note}.")))
        return first

    def _chosen(self, requirement: Requirement, version: Version) -> Node:
        key = (_normalized(requirement.name), version, frozenset(map(_normalized, requirement.extras)))
        head = Node(requirement=str(requirement), chosen=str(version))
        if key in self._open:
            return replace(head, repeated=True)
        if key in self._done:
            return replace(head, reasons=self._done[key], repeated=True)
        self._open.add(key)
        try:
            children = tuple(self._node(child) for child in self._requires(*key))
            node = replace(head, children=children)
        except NetworkProblem as error:
            node = replace(_failed(requirement, ReasonKind.NETWORK, error), chosen=str(version))
        except Unreadable as error:
            node = replace(_failed(requirement, ReasonKind.UNREADABLE, error), chosen=str(version))
        finally:
            self._open.discard(key)
        self._done[key] = _distinct(itertools.islice(_reasons(node, ()), _REMEMBERED))
        return node

    def _requires(self, name: str, version: Version, extras: frozenset[str]) -> Iterator[Requirement]:
        wheel = self._catalogue.wheel(name, version, self._target)
        if wheel is None:
            raise AssertionError("a usable version has a wheel")
        for requirement in self._catalogue.metadata(wheel).requires:
            if self._applies(requirement, extras):
                yield requirement

    def _applies(self, requirement: Requirement, extras: frozenset[str]) -> bool:
        if requirement.marker is None:
            return True
        markers = self._target.markers
        return any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in extras or {""})

    def _allowed(self, name: str, specifier: SpecifierSet) -> SpecifierSet:
        return specifier & self._constraints[name] if name in self._constraints else specifier

    def _conflicts(self, roots: Iterable[Node], *, certain: bool) -> Iterator[CellReason]:
        """Pairs of requirements on one package that have versions each, and none together.

        With `certain`, only those that no other choice of versions could avoid.
        """
        from packaging.requirements import Requirement

        demands: dict[str, dict[str, _Demand]] = {}
        for path in itertools.chain.from_iterable(_paths(root, ()) for root in roots):
            demand = _Demand(requirement=Requirement(path[-1]), path=path)
            if not demand.requirement.url and (not certain or demand.is_forced):
                of_package = demands.setdefault(_normalized(demand.requirement.name), {})
                of_package.setdefault(str(demand.requirement.specifier), demand)
        for name, of_package in demands.items():
            for one, other in itertools.combinations(of_package.values(), 2):
                if not self._fit(name, one.requirement.specifier & other.requirement.specifier, at_all=certain):
                    yield _conflict(name, one, other)

    def _fit(self, name: str, specifier: SpecifierSet, *, at_all: bool) -> bool:
        """Whether a version meets both; `at_all`: be there a wheel for the target or not."""
        offer = self._offer(name)
        if at_all:
            return _any_of(offer, specifier)
        return bool(candidates(offer.refusals, self._allowed(name, specifier)).usable)

    def _offer(self, name: str) -> Offer:
        refusals = self._catalogue.refusals(name, self._target)
        return Offer(releases=self._catalogue.releases(name), refusals=refusals, build=self._catalogue.build)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Demand:
    """A requirement with the chain of requirements that brings it in."""

    requirement: Requirement
    path: tuple[str, ...]

    @property
    def is_forced(self) -> bool:
        """Whether everything that brings it in is pinned, so that no other version can be chosen."""
        from packaging.requirements import Requirement

        return all(pinned_version(Requirement(one)) for one in self.path[:-1])


def _merged(constraints: Iterable[Requirement]) -> dict[str, SpecifierSet]:
    merged: dict[str, SpecifierSet] = {}
    for one in constraints:
        name = _normalized(one.name)
        merged[name] = merged[name] & one.specifier if name in merged else one.specifier
    return merged


def _reasons(node: Node, path: tuple[str, ...]) -> Iterator[CellReason]:
    """Everything in the way in a tree, each with the path to it; `path` leads to the node. Notes are not in the way."""
    for reason in node.reasons:
        if reason.severity is Severity.ERROR:
            yield replace(reason, path=(*path, *reason.path))
    for child in node.children:
        yield from _reasons(child, (*path, child.requirement))


def _paths(node: Node, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    path = (*path, node.requirement)
    yield path
    for child in node.children:
        yield from _paths(child, path)


def _distinct(reasons: Iterable[CellReason]) -> tuple[CellReason, ...]:
    """One of each statement, with the shortest path to it."""
    shortest: dict[tuple[ReasonKind, str, str], CellReason] = {}
    for reason in sorted(reasons, key=lambda reason: len(reason.path)):
        shortest.setdefault((reason.kind, reason.subject, reason.message), reason)
    return tuple(shortest.values())


def _conflict(name: str, one: _Demand, other: _Demand) -> CellReason:
    asked = (f"{_asker(demand.path)} wants {demand.requirement}" for demand in (one, other))
    return CellReason(
        kind=ReasonKind.CONFLICT,
        severity=Severity.ERROR,
        subject=name,
        message=f"{', and '.join(asked)}; no version is both.",
        path=one.path,
        other_path=other.path,
    )


def _asker(path: tuple[str, ...]) -> str:
    return path[-2] if len(path) > 1 else "the command line"


def _constrained(requirement: Requirement, limit: SpecifierSet, catalogue: Catalogue, *, possible: bool) -> CellReason:
    """That a constraint leaves no version; `possible`: some version meets the constraint by itself."""
    from packaging.requirements import Requirement

    if possible:
        message = f"{requirement} is wanted, the constraints allow {limit} only, and no version is both."
        return _error(requirement, ReasonKind.CONFLICT, message)
    said = no_version(catalogue, Requirement(f"{requirement.name}{limit}"))
    return _error(requirement, ReasonKind.NO_VERSION, f"{said}; the constraints ask for it.")


def _any_of(offer: Offer, specifier: SpecifierSet) -> bool:
    """Whether a version meets a specifier, be there a wheel of it or not."""
    return any(specifier.contains(version, prereleases=True) for version in offer.releases)


def _left(requirements: Sequence[Requirement]) -> Iterator[CellReason]:
    if requirements:
        said = f"{plural(len(requirements), 'further requirement')}, from {requirements[0]} on: enough is in the way"
        yield _error(requirements[0], ReasonKind.NOT_LOOKED_AT, f"not looked at: {said}.")


def _failed(requirement: Requirement, kind: ReasonKind, error: Exception) -> Node:
    return Node(requirement=str(requirement), reasons=(_error(requirement, kind, str(error)),))


def _unlooked(requirement: Requirement, message: str) -> Node:
    return Node(requirement=str(requirement), reasons=(_error(requirement, ReasonKind.NOT_LOOKED_AT, message),))


def _error(requirement: Requirement, kind: ReasonKind, message: str) -> CellReason:
    return CellReason(kind=kind, severity=Severity.ERROR, subject=str(requirement), message=message)


def _note(requirement: Requirement, message: str) -> CellReason:
    return CellReason(kind=ReasonKind.NOTE, severity=Severity.INFO, subject=str(requirement), message=message)


def _normalized(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
