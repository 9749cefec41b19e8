"""What is worth knowing of a set that a resolver chose, though it does not stand in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.candidates import pip_refuses
from envdoctor.availability.pip_choice import newest_wheel_for_pip
from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Target


def remarks(
    requirements: Iterable[str], pins: Sequence[Pin], target: Target, catalogue: Catalogue
) -> tuple[CellReason, ...]:
    """What was yanked, where pip would choose another way, extras that there are not, and pre-releases.

    Args:
        requirements: what was asked for.
        pins: what the resolver chose.
        target: the machine.
        catalogue: the index.

    Raises:
        NetworkProblem, Unreadable: see `IndexClient.project` and `Catalogue.metadata`.
    """
    return (
        *_yanked(pins, target, catalogue),
        *_python_limits(pins, target, catalogue),
        *_absent_extras(requirements, pins, target, catalogue),
        *_pre_releases(requirements, pins),
    )


def _yanked(pins: Iterable[Pin], target: Target, catalogue: Catalogue) -> Iterator[CellReason]:
    """Versions that only an exact pin brings in, since their authors took them back (PEP 592)."""
    from packaging.version import Version

    for pin in pins:
        wheel = catalogue.wheel(pin.name, Version(pin.version), target)
        if wheel is not None and wheel.yanked is not None:
            why = f" ({wheel.yanked})" if wheel.yanked else ""
            message = f"{pin} was yanked by its authors{why}: an installer takes it only if exactly this is asked for."
            yield _remark(ReasonKind.YANKED, str(pin), message, Severity.WARNING)


def _python_limits(pins: Iterable[Pin], target: Target, catalogue: Catalogue) -> Iterator[CellReason]:
    """Where pip would go another way: it honours upper bounds on Python, which uv disregards."""
    from packaging.version import Version

    for pin in pins:
        wheel = catalogue.wheel(pin.name, Version(pin.version), target)
        if wheel is not None and pip_refuses(wheel, target):
            message = (
                f"{pin} asks for Python {wheel.requires_python}; uv disregards the upper bound, and pip does not: "
                f"{_of_pip(pin, target, catalogue)}."
            )
            yield _remark(ReasonKind.REQUIRES_PYTHON, str(pin), message, Severity.WARNING)


def _of_pip(pin: Pin, target: Target, catalogue: Catalogue) -> str:
    """The newest other version that pip would find to suit the target's Python."""
    newest = newest_wheel_for_pip(pin.name, target, catalogue)
    if newest is None:
        return f"no version of {pin.name} with a wheel suits it"
    return f"the newest version that suits it is {newest}"


def _absent_extras(
    requirements: Iterable[str], pins: Sequence[Pin], target: Target, catalogue: Catalogue
) -> Iterator[CellReason]:
    """Extras that are misspelled or gone: installers only warn, and install less than was meant."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    versions = {pin.name: pin.version for pin in pins}
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if not requirement.extras or name not in versions:
            continue
        wheel = catalogue.wheel(name, Version(versions[name]), target)
        known = catalogue.metadata(wheel).extras if wheel else frozenset()
        absent = sorted(one for one in requirement.extras if canonicalize_name(one) not in known)
        if wheel is not None and absent:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            message = f"{name} {versions[name]} has no extra {' and no extra '.join(absent)}; {has}."
            yield _remark(ReasonKind.NO_EXTRA, str(requirement), message, Severity.WARNING)


def _pre_releases(requirements: Iterable[str], pins: Iterable[Pin]) -> Iterator[CellReason]:
    """A resolver takes pre-releases where nothing else will do, and does not say so."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    named = {canonicalize_name(one.name) for one in map(Requirement, requirements) if one.specifier.prereleases}
    for pin in pins:
        if Version(pin.version).is_prerelease and pin.name not in named:
            message = f"{pin} is a pre-release, taken because no stable version fits."
            yield _remark(ReasonKind.PRE_RELEASE, str(pin), message, Severity.INFO)


def _remark(kind: ReasonKind, subject: str, message: str, severity: Severity) -> CellReason:
    return CellReason(kind=kind, severity=severity, subject=subject, message=message)
