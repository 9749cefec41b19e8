"""Judges what importing the wheels of a set asks of others: modules, names in them, and libraries of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.absent_names import absent_reason, is_absent_part
from envdoctor.availability.import_survey import API, survey_imports
from envdoctor.availability.missing_lookups import lookup_reason
from envdoctor.availability.requiring import extra_names
from envdoctor.availability.undeclared import empty_reasons, undeclared_reason
from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Severity
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import is_project_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.availability.import_survey import JudgePackage, Package, ReadText, Survey
    from envdoctor.core.target import Target
    from envdoctor.imports.verdict import Failure
    from envdoctor.wheels.contents import WheelContents

    Tell = Callable[[Survey, Package, list[Failure]], CellReason]


def import_reasons(
    wheels: Sequence[WheelContents], target: Target, judge: JudgePackage, read: ReadText, *, complete: bool = True
) -> Iterator[CellReason]:
    """Why imports fail for want of what no file of their own wheel shows.

    Args:
        wheels: the whole set.
        target: where it would be installed.
        judge: what importing a package of a wheel comes to (`judge_package`); called from several threads.
        read: the text of a member of a wheel.
        complete: see `Survey`.
    """
    survey = survey_imports(wheels, target, judge, read, complete=complete)
    yield from failure_reasons(survey)
    if complete:
        yield from empty_reasons(wheels)


def failure_reasons(survey: Survey) -> Iterator[CellReason]:
    """Why packages that nothing requires can't be imported: of each kind one statement on each wheel, the gravest."""
    packages = sorted(survey.packages, key=lambda package: -package.severity)
    outermost = set(list(survey.packages)[: survey.outermost])
    found: dict[tuple[int, Tell], tuple[Package, list[Failure]]] = {}
    for package in (each for each in packages if each in outermost):
        for origin, failure in _origins(survey, package):
            owner, failures = found.setdefault((origin.wheel, _tell(survey, origin, failure)), (origin, []))
            if owner == origin and failure not in failures:
                failures.append(failure)
    for (_, tell), (origin, failures) in found.items():
        yield tell(survey, origin, failures)
    told = {index for index, _ in found}
    for package in packages:
        reason = None if package.wheel in told else _lesser(survey, package, is_outermost=package in outermost)
        if reason is not None:
            told.add(package.wheel)
            yield reason


def _lesser(survey: Survey, package: Package, *, is_outermost: bool) -> CellReason | None:
    """What is worth knowing of an import that is not known to fail: where it would, and whether all of it was seen."""
    verdict, label = survey.packages[package], survey.wheels[package.wheel].label
    if verdict.bare_failures:
        return lookup_reason(survey, package, list(verdict.bare_failures), bare=True)
    if verdict.complete or not is_outermost:
        return None
    message = f"{label}: {package.use} was not followed to its end; what was, does not fail."
    return CellReason(kind=ReasonKind.NOTE, severity=Severity.INFO, subject=label, message=message)


def _origins(survey: Survey, package: Package) -> Iterator[tuple[Package, Failure]]:
    """See `Survey.origins`; that a command wants what an extra of its distribution brings is meant to be so.

    So is that it ends by SystemExit, which may be all that its module does, and that a module `api` wants what nothing
    brings: it may be a server's.
    """
    of_extras = extra_names(survey.wheels[package.wheel]) if package.command else frozenset()
    is_api = package.name.endswith(f".{API}")
    for origin, failure in survey.origins(package):
        is_import, subject = failure.cause.what is What.IMPORT, failure.cause.subject
        of_others = is_project_of(subject, of_extras) or (is_api and not survey.bringers.of(subject))
        ends = bool(package.command) and failure.raises == "SystemExit"
        if not ends and not (is_import and of_others):
            yield origin, failure


def _tell(survey: Survey, package: Package, failure: Failure) -> Tell:
    """Who says what a failure is."""
    if failure.cause.what is What.USE or is_absent_part(survey, package, failure):
        return absent_reason
    missing = failure.cause.what is What.IMPORT and failure.raises == "ModuleNotFoundError"
    return undeclared_reason if missing else lookup_reason
