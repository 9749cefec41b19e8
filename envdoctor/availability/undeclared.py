"""Modules that importing the wheels of a set needs in any case, and that no wheel of the set brings.

A requirement that its author had installed anyway and forgot to declare, or a module that Python itself had until some
version: a resolver sees neither, and what it picked can't be imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.requiring import outermost_wheels
from envdoctor.core.availability import Cause, CauseKind, CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.imports.standard_library import is_of_another_python, module_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.availability.import_survey import Package, Survey
    from envdoctor.imports.standard_library import ModuleProvider
    from envdoctor.imports.verdict import Failure
    from envdoctor.wheels.contents import WheelContents

_SHOWN = 12


def empty_reasons(wheels: Sequence[WheelContents]) -> Iterator[CellReason]:
    """Wheels that were asked for and install nothing: one that only requires others, or one packed without its code."""
    for index in outermost_wheels(wheels):
        wheel = wheels[index]
        is_typed = any(member.endswith(".pyi") for member in wheel.members)
        if not (wheel.imports or wheel.natives or wheel.metadata.scripts or is_typed):
            message = f"{wheel.label} itself installs no module, command or library, only what it requires."
            yield CellReason(kind=ReasonKind.NOTE, severity=Severity.WARNING, subject=wheel.label, message=message)


def undeclared_reason(survey: Survey, package: Package, failures: list[Failure]) -> CellReason:
    """One statement on a wheel; the first module that nothing brings decides, unless some environments have it."""
    wheel = survey.wheels[package.wheel]
    missing = {survey.bringers.lacking(each.cause.subject): each.cause for each in reversed(failures)}
    names = list(reversed(missing))
    first = min(names, key=lambda name: _is_usual(name, survey))
    usual = _is_usual(first, survey)
    cause, provider = missing[first], _provider(first)
    instead = f" (in place of {_words(cause.instead_of, survey)})" if cause.instead_of else ""
    others = [name for name in names if name != first]
    more = f"; nor does any bring {', '.join(others)}" if others else ""
    importer = f"{cause.via[-1]} imports" if cause.via else "it needs"
    wants = f"{_words(first, survey)}{survey.named_for_others(first)}{instead}{more}"
    chains = "\n".join(" > ".join((*missing[name].via, name)) for name in names[:_SHOWN])
    return CellReason(
        kind=ReasonKind.BROKEN if package.severity is Severity.ERROR and not usual else ReasonKind.NOTE,
        severity=Severity.WARNING if usual else package.severity,
        subject=wheel.label,
        message=f"{wheel.label}: {package.use} fails: {importer} {wants}.",
        evidence=(Evidence(source=f"imports of {wheel.label}", excerpt=chains),),
        remedies=_remedies(first, survey),
        condition=f"{provider.requirement} is installed" if usual and provider else "",
        cause=Cause(kind=CauseKind.MODULE, wheel=wheel.label, files=cause.via[-1:], names=(first,)),
    )


def _remedies(module: str, survey: Survey) -> tuple[str, ...]:
    """An older version of what is in the set, where that had the module."""
    provider = _provider(module)
    return (provider.requirement,) if provider and provider.project in survey.bringers.names else ()


def _words(module: str, survey: Survey) -> str:
    """What is said of a module that nothing brings."""
    provider, target = _provider(module), survey.target
    python = f"Python {target.interpreter.short_version}"
    would = f" ({provider.requirement} would)" if provider else ""
    if is_of_another_python(module):
        return f"{module}, which {python} does not have on {target.platform.system.value.capitalize()}{would}"
    if _is_usual(module, survey):
        would = f" ({provider.requirement} would; `python -m venv` with {python} does)" if provider else ""
    return f"{module}, which no wheel of the set brings{would}"


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
