"""Names that importing the wheels of a set asks of other modules, and that these no longer have.

`from onnx import mapping` with an onnx that dropped it, `np.sctypes` under numpy 2, `collections.Mapping` on Python
3.10: every requirement is met, and the import fails all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.availability import Cause, CauseKind, CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.imports.events import What
from envdoctor.imports.removed_names import removed_since
from envdoctor.imports.standard_library import standard_modules

if TYPE_CHECKING:
    from envdoctor.availability.import_survey import Package, Survey
    from envdoctor.imports.events import Event
    from envdoctor.imports.verdict import Failure

_SHOWN = 12


def is_absent_part(survey: Survey, package: Package, failure: Failure) -> bool:
    """Whether what is not there is a module of something that is."""
    module = failure.cause.subject
    if failure.cause.what is not What.IMPORT or failure.raises != "ModuleNotFoundError":
        return False
    top = module.partition(".")[0]
    if module != top and top in standard_modules(survey.target):
        return True
    members = [survey.wheels[index].members for index in _owners(survey, package, module)]
    return any(f"{top}/__init__.py" in each or f"{top}.py" in each for each in members)


def absent_reason(survey: Survey, package: Package, failures: list[Failure]) -> CellReason:
    """One statement on a wheel, for all that it asks for in vain."""
    wheel = survey.wheels[package.wheel]
    first = failures[0].cause
    asker = first.via[-1] if first.via else package.name
    owner = _owner(survey, package, first)
    more = len(failures) - 1
    others = f", nor {more} more" if more else ""
    chains = "\n".join(" > ".join((*each.cause.via, _named(each.cause))) for each in failures[:_SHOWN])
    remedies = tuple(dict.fromkeys(filter(None, (_remedy(survey, package, each.cause) for each in failures))))
    labels = {each.label for each in survey.wheels}
    guilty = (owner,) if owner in labels and owner != wheel.label and not remedies else ()
    return CellReason(
        kind=ReasonKind.BROKEN if package.severity is Severity.ERROR else ReasonKind.NOTE,
        severity=package.severity,
        subject=", ".join((wheel.label, *guilty)),
        message=(
            f"{wheel.label}: {package.use} fails: {asker} asks for {_named(first)}, "
            f"which {owner} does not have{survey.named_for_others(_named(first))}{others}."
        ),
        cause=Cause(kind=CauseKind.NAME, wheel=wheel.label, files=(asker,), names=(_named(first),), other=owner),
        evidence=(Evidence(source=f"imports of {wheel.label}", excerpt=chains),),
        remedies=remedies,
    )


def _owners(survey: Survey, package: Package, module: str) -> list[int]:
    """The wheels that may have a module, the package's own first."""
    having = survey.bringers.having(module.partition(".")[0])
    return sorted(having, key=lambda index: index != package.wheel)


def _owner(survey: Survey, package: Package, cause: Event) -> str:
    if cause.subject.partition(".")[0] in standard_modules(survey.target):
        return f"Python {survey.target.interpreter.short_version}"
    owners = _owners(survey, package, cause.subject)
    return survey.wheels[owners[0]].label if owners else "it"


def _remedy(survey: Survey, package: Package, cause: Event) -> str:
    """An older version of what dropped a name."""
    for index in _owners(survey, package, cause.subject):
        metadata = survey.wheels[index].metadata
        since = removed_since(metadata.name, metadata.version, cause.subject, cause.name)
        if since:
            return f"{metadata.name}<{since}"
    return ""


def _named(cause: Event) -> str:
    return f"{cause.subject}.{cause.name}" if cause.name else cause.subject
