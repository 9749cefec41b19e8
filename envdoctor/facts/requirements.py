"""Which requirements of the installed distributions are not met, extras and markers honoured."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import field
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen
from envdoctor.facts.packages.metadata import normalize
from envdoctor.support.requirement import admits, holds, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution, Packages
    from envdoctor.support.requirement import ParsedRequirement

#: A requirement of an extra alone: true for no distribution whose extra nobody asked for. About two of three are such.
_EXTRA_ALONE = re.compile(r";(?=.*\bextra\s*==)(?!.*\bor\b)")


@frozen
class Unmet:
    """A requirement that the environment does not meet.

    Attributes:
        by: the distribution that has the requirement.
        extra: the extra of `by` that brings it in; empty for a plain requirement.
        text: the requirement as its metadata writes it.
        name: the normalized name of what is required.
        specifier: the versions that would do.
        found: what is installed under that name, or None.
        url: where it is to come from, if that is no index (`name @ URL`).
        stand_in: where `found` is None, a distribution with the same import package whose version would do.
    """

    by: Distribution
    extra: str
    text: str
    name: str
    specifier: str
    url: str = ""
    found: Distribution | None = None
    stand_in: Distribution | None = None


@frozen
class Requirements:
    """What came of looking at the requirements of every distribution in use.

    Attributes:
        unmet: in the order of the distributions.
        wanted: for each normalized name, the (distribution, specifier) of every requirement that applies here.
        unjudged: (distribution, requirement or version, reason) of what is not as PEP 440 and PEP 508 have it.
    """

    unmet: tuple[Unmet, ...] = ()
    wanted: Mapping[str, tuple[tuple[Distribution, str], ...]] = field(default_factory=dict)
    unjudged: tuple[tuple[Distribution, str, str], ...] = ()


def derive(facts: Facts) -> Requirements:
    """Hold every requirement of every distribution in use against what is installed.

    Raises:
        FactUnavailable: the distributions could not be listed.
    """
    return check_requirements(facts.packages, facts.python.markers)


def check_requirements(packages: Packages, markers: Mapping[str, str]) -> Requirements:
    """The same of given values. A pre-release that is installed meets a requirement without one, as pip has it."""
    walk = _Walk(packages, markers)
    walk.finish()
    return Requirements(
        unmet=tuple(walk.unmet),
        wanted={name: tuple(pairs) for name, pairs in walk.wanted.items()},
        unjudged=tuple(walk.unjudged),
    )


def contradict(specifiers: Iterable[str]) -> bool:
    """Whether no version at all can meet these specifiers together, as `>=2` and `<2`.

    Tries the versions at, just below and just above every bound; a set that any of them meets is no contradiction.
    """
    from packaging.specifiers import SpecifierSet

    together = SpecifierSet(",".join(text for text in specifiers if text))
    bounds = [one.version.removesuffix(".*") for one in together]
    return bool(bounds) and not any(
        together.contains(version, prereleases=True) for bound in bounds for version in _around(bound)
    )


def _around(bound: str) -> Iterator[str]:
    from packaging.version import InvalidVersion, Version

    yield bound
    try:
        release = list(Version(bound).release)
    except InvalidVersion:
        return
    yield ".".join(map(str, [*release, 1]))
    yield ".".join(map(str, [*release[:-1], release[-1] + 1]))
    while release and release[-1] == 0:
        release.pop()
    if release:
        yield ".".join(map(str, [*release[:-1], release[-1] - 1, 99999]))


class _Walk:
    """Follows the requirements from every distribution, and into the extras that requirements ask for."""

    def __init__(self, packages: Packages, markers: Mapping[str, str]) -> None:
        self.unmet: list[Unmet] = []
        self.wanted: dict[str, list[tuple[Distribution, str]]] = {}
        self.unjudged: list[tuple[Distribution, str, str]] = []
        self._active = packages.active()
        self._markers = dict(markers)
        self._queue = [(key, "") for key in self._active]
        self._seen = set(self._queue)

    def finish(self) -> None:
        for key, extra in self._queue:  # grows while it is walked
            for text, requirement in self._requirements(self._active[key], extra):
                self._judge(self._active[key], extra, text, requirement)

    def _requirements(self, by: Distribution, extra: str) -> Iterator[tuple[str, ParsedRequirement]]:
        """The requirements that hold here: the plain ones, or the ones that an extra adds to those."""
        for text in by.requires:
            if not extra and _EXTRA_ALONE.search(text):
                continue
            try:
                requirement = parse_requirement(text)
                always = holds(requirement.marker, {**self._markers, "extra": ""})
                if always if not extra else not always and holds(requirement.marker, {**self._markers, "extra": extra}):
                    yield text, requirement
            except ValueError as error:
                if not extra:
                    self.unjudged.append((by, text, str(error).partition("\n")[0]))

    def _judge(self, by: Distribution, extra: str, text: str, requirement: ParsedRequirement) -> None:
        name = normalize(requirement.name)
        found = self._active.get(name)
        self.wanted.setdefault(name, []).append((by, requirement.specifier))
        try:
            met = found is not None and admits(requirement.specifier, found.version)
        except ValueError:
            self.unjudged.append((found or by, (found or by).version, "is not a version as PEP 440 has it"))
            met = True
        if not met:
            self.unmet.append(
                Unmet(
                    by=by,
                    extra=extra,
                    text=text,
                    name=name,
                    specifier=requirement.specifier,
                    url=requirement.url,
                    found=found,
                    stand_in=self._stand_in(name, requirement.specifier) if found is None else None,
                )
            )
        if found is not None:
            asked = [(name, normalize(one)) for one in requirement.extras]
            self._queue += [one for one in asked if one not in self._seen]
            self._seen.update(asked)

    def _stand_in(self, name: str, specifier: str) -> Distribution | None:
        for group in load_table("interchangeable")["groups"]:
            for other in group if name in group else ():
                candidate = self._active.get(other)
                try:
                    if candidate and admits(specifier, candidate.version):
                        return candidate
                except ValueError:
                    continue
        return None
