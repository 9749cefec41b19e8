"""What importing the wheels of a set looks for, a library of the system or any of several modules, and is not there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.policy import is_there, provider_of
from envdoctor.core.availability import Cause, CauseKind, CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.imports.events import What

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.availability.import_survey import Package, Survey
    from envdoctor.imports.events import Event
    from envdoctor.imports.verdict import Failure

_MODULES_SHOWN = 4
_FORMS = ("{}", "lib{}.so", "{}.dll")


def lookup_reason(survey: Survey, package: Package, failures: list[Failure], *, bare: bool = False) -> CellReason:
    """One statement on a wheel: a library, any of several modules, or an exception that it raises in any case.

    A library that most systems have (`bare`) is worth a warning, as one that a native file needs is.
    """
    wheel, failure = survey.wheels[package.wheel], failures[0]
    severity = Severity.WARNING if bare else package.severity
    steps = (failure.cause, *failure.sought)
    libraries = _subjects(steps, What.LOOK_UP)
    modules = _subjects(steps, What.IMPORT)
    found = (provider_of(form.format(_shown(name))) for name in libraries for form in _FORMS)
    provider = next(filter(None, found), None)
    fails = "fails without a library of the system" if bare else "fails"
    at = failure.cause.via[-1] if failure.cause.via else package.name
    supplier = f"; {provider.name} would supply it" if provider else ""
    said = f"{at} {_said(failure, libraries, modules, bare=bare)}{supplier}"
    return CellReason(
        kind=ReasonKind.BROKEN if severity is Severity.ERROR else ReasonKind.NOTE,
        severity=severity,
        subject=wheel.label,
        message=f"{wheel.label}: {package.use} {fails}: {said}.",
        evidence=(
            Evidence(source=f"imports of {wheel.label}", excerpt=" > ".join(failure.cause.via)),
            Evidence(source="names that it tries", excerpt=", ".join((*libraries, *modules))),
        ),
        condition=is_there(_shown(libraries[0]), provider) if libraries else "",
        libraries=_needed(failures),
        cause=_cause(wheel.label, at, libraries, modules),
    )


def _said(failure: Failure, libraries: Sequence[str], modules: Sequence[str], *, bare: bool) -> str:
    """What a module does that ends in the failure."""
    cause, raises = failure.cause, failure.raises or "an exception"
    version, files = failure.version, _subjects((cause, *failure.sought), What.OPEN)
    if libraries or modules:
        return f"looks for {_sought(libraries, modules, bare=bare)}, and raises {raises}"
    if cause.what is What.LOAD and cause.via[-1:] == (cause.name,):
        return f"is {_shown(cause.subject)}, which has no PyInit_{cause.name.rpartition('.')[2]}"
    if cause.what is What.LOAD:
        return f"asks {_shown(cause.subject)} for {cause.name}, which it does not export"
    if cause.what is What.ASK and not cause.name:
        return f"asks for the metadata of {cause.subject}, which no wheel of the set is, and raises {raises}"
    if version is not None:
        does = f"needs {cause.subject}" if version is cause else f"looks at {version.subject} "
        return f"{does}{version.name}, and raises {raises}"
    if cause.name:
        is_syntax = cause.subject == "SyntaxError"
        raises = f"{raises}{', for its text is not Python' if is_syntax else ''} ({cause.name})"
    asks = "opens" if cause.what is What.OPEN else "looks for"
    return f"{f'{asks} {files[0]}, which its wheel lacks, and ' if files else ''}raises {raises}"


def _cause(wheel: str, module: str, libraries: Sequence[str], modules: Sequence[str]) -> Cause | None:
    if libraries:
        return Cause(kind=CauseKind.LOOKUP, wheel=wheel, files=(module,), names=(_shown(libraries[0]),))
    return Cause(kind=CauseKind.MODULE, wheel=wheel, files=(module,), names=(modules[0],)) if modules else None


def _needed(failures: Sequence[Failure]) -> tuple[tuple[str, ...], ...]:
    """The libraries without which an import fails, each in the forms that it tries; () if it fails for more than that.

    That it tries modules as well does not matter: either will do.
    """
    found = [tuple(_subjects((each.cause, *each.sought), What.LOOK_UP)) for each in failures]
    return tuple(found) if all(found) else ()


def _subjects(steps: Sequence[Event], what: What) -> list[str]:
    return list(dict.fromkeys(step.subject for step in steps if step.what is what and step.fails))


def _sought(libraries: Sequence[str], modules: Sequence[str], *, bare: bool) -> str:
    """What is looked for, and who does not have it."""
    if not libraries:
        return f"{' or '.join(modules[:_MODULES_SHOWN])}, which no wheel of the set brings"
    first = _shown(libraries[0])
    if bare:
        return f"the library {first}, which desktop systems may have and others lack"
    beside = f", nor is {modules[0]} there" if modules else ""
    return f"the library {first}, which nothing brings{beside}"


def _shown(name: str) -> str:
    return posixpath.basename(name.replace("\\", "/"))
