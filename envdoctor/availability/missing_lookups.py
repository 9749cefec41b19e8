"""What importing the wheels of a set looks for, a library of the system or any of several modules, and is not there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.policy import provider_of
from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.wheels.library_lookup import brings_library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.availability.import_survey import Survey
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.library_lookup import LibraryLookup

_MODULES_SHOWN = 4
_FORMS = ("{}", "lib{}.so", "{}.dll")


def lookup_reasons(survey: Survey) -> Iterator[CellReason]:
    """What is looked for in vain: one statement on each wheel, the gravest."""
    told: set[int] = set()
    files = [posixpath.basename(native.path) for wheel in survey.wheels for native in wheel.natives]
    for package, imports in sorted(survey.packages, key=lambda item: -item[0].severity):
        for lookup in imports.lookups:
            brought = any(brings_library(files, name) for name in lookup.names)
            if package.wheel not in told and not brought and survey.happens(lookup.instead_of):
                told.add(package.wheel)
                yield _reason(survey.wheels[package.wheel], lookup, package.severity)


def _reason(wheel: WheelContents, lookup: LibraryLookup, severity: Severity) -> CellReason:
    """A library that most systems have is worth a warning, as one that a native file needs is."""
    severity = severity if lookup.promise is None else Severity.WARNING
    found = (provider_of(form.format(_shown(name))) for name in lookup.names for form in _FORMS)
    provider = next(filter(None, found), None)
    supplier = f"; {provider.name} would supply it" if provider else ""
    fails = "fails" if lookup.promise is None else "fails without a library of the system"
    return CellReason(
        kind=ReasonKind.BROKEN if severity is Severity.ERROR else ReasonKind.NOTE,
        severity=severity,
        subject=wheel.label,
        message=(
            f"{wheel.label}: `import {lookup.via[0]}` {fails}: {lookup.via[-1]} looks for {_sought(lookup)}, "
            f"and raises {lookup.raises or 'an exception'}{supplier}."
        ),
        evidence=(
            Evidence(source=f"imports of {wheel.label}", excerpt=" > ".join(lookup.via)),
            Evidence(source="names that it tries", excerpt=", ".join((*lookup.names, *lookup.instead_of))),
        ),
    )


def _sought(lookup: LibraryLookup) -> str:
    """What is looked for, and who does not have it."""
    if not lookup.names:
        modules = " or ".join(lookup.instead_of[:_MODULES_SHOWN])
        return f"{modules}, which no wheel of the set brings"
    first = _shown(lookup.names[0])
    if lookup.promise is not None:
        return f"the library {first}, which desktop systems have and containers lack"
    modules = f", nor is {lookup.instead_of[0]} there" if lookup.instead_of else ""
    return f"the library {first}, which nothing brings{modules}"


def _shown(name: str) -> str:
    return posixpath.basename(name.replace("\\", "/"))
