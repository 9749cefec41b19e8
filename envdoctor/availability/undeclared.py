"""Modules that importing the wheels of a set needs in any case, and that no wheel of the set brings.

A requirement that its author had installed anyway and forgot to declare, or a module that Python itself had until some
version: a resolver sees neither, and what it picked can't be imported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.availability.import_survey import outermost_wheels
from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.wheels.standard_library import is_of_another_python, module_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.availability.import_survey import Survey
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.external_imports import ExternalImport
    from envdoctor.wheels.standard_library import ModuleProvider

_SHOWN = 12


def undeclared_reasons(survey: Survey) -> Iterator[CellReason]:
    """What is imported and not there: one statement on each wheel, the gravest."""
    missing: dict[tuple[int, Severity], dict[str, ExternalImport]] = {}
    for package, imports in survey.packages:
        for one in imports.found:
            if not survey.is_there(one.name) and survey.happens(one.instead_of):
                known = missing.setdefault((package.wheel, package.severity), {})
                name = survey.bringers.lacking(one.name)
                known.setdefault(name, replace(one, name=name))
    told: set[int] = set()
    for (index, severity), names in sorted(missing.items(), key=lambda item: -item[0][1]):
        if index not in told:
            told.add(index)
            yield _reason(survey, index, list(names.values()), severity)


def empty_reasons(wheels: Sequence[WheelContents]) -> Iterator[CellReason]:
    """Wheels that were asked for and install nothing: one that only requires others, or one packed without its code."""
    for index in outermost_wheels(wheels):
        wheel = wheels[index]
        if not (wheel.imports or wheel.natives or wheel.metadata.scripts):
            message = f"{wheel.label} itself installs no module, command or library, only what it requires."
            yield CellReason(kind=ReasonKind.NOTE, severity=Severity.WARNING, subject=wheel.label, message=message)


def _reason(survey: Survey, index: int, missing: list[ExternalImport], severity: Severity) -> CellReason:
    """One statement on a wheel; the first module that nothing brings decides, unless some environments have it."""
    wheel = survey.wheels[index]
    first = min(missing, key=lambda one: _is_usual(one.name, survey))
    usual = _is_usual(first.name, survey)
    what = _words(first, survey)
    what = _words(first, survey)
    instead = f" (in place of {_words(replace(first, name=first.instead_of[0]), survey)})" if first.instead_of else ""
    others = [one.name for one in missing if one is not first]
    more = f"; nor does any bring {', '.join(others)}" if others else ""
    chains = "\n".join(" > ".join((*one.via, one.name)) for one in missing[:_SHOWN])
    return CellReason(
        kind=ReasonKind.BROKEN if severity is Severity.ERROR and not usual else ReasonKind.NOTE,
        severity=Severity.WARNING if usual else severity,
        subject=wheel.label,
        message=f"{wheel.label}: `import {first.via[0]}` fails: {first.via[-1]} imports {what}{instead}{more}.",
        evidence=(Evidence(source=f"imports of {wheel.label}", excerpt=chains),),
        remedies=_remedies(first.name, survey),
    )


def _remedies(module: str, survey: Survey) -> tuple[str, ...]:
    """An older version of what is in the set, where that had the module."""
    provider = _provider(module)
    return (provider.requirement,) if provider and provider.project in survey.bringers.names else ()


def _words(one: ExternalImport, survey: Survey) -> str:
    """What is said of a module that nothing brings."""
    provider, target = _provider(one.name), survey.target
    python = f"Python {target.interpreter.short_version}"
    would = f" ({provider.requirement} would)" if provider else ""
    if is_of_another_python(one.name):
        return f"{one.name}, which {python} does not have on {target.platform.system.value.capitalize()}{would}"
    if _is_usual(one.name, survey):
        would = f" ({provider.requirement} would; `python -m venv` with {python} does)" if provider else ""
    return f"{one.name}, which no wheel of the set brings{would}"


def _is_usual(module: str, survey: Survey) -> bool:
    """Whether environments of that Python mostly have a module that no wheel brings.

    They have it from a distribution of an older version; where the set brings another, that one takes its place.
    """
    provider = _provider(module)
    if provider is None or survey.target.interpreter.version >= provider.below:
        return False
    return provider.project not in survey.bringers.names


def _provider(module: str) -> ModuleProvider | None:
    return module_provider(".".join(module.split(".")[:2])) or module_provider(_top(module))


def _top(module: str) -> str:
    return module.partition(".")[0]
