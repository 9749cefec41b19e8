"""Judges what importing the wheels of a set asks of others: modules, names in them, and libraries of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.absent_names import absent_reasons
from envdoctor.availability.import_survey import survey_imports
from envdoctor.availability.missing_lookups import lookup_reasons
from envdoctor.availability.undeclared import empty_reasons, undeclared_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.availability.absent_names import ReadText
    from envdoctor.availability.import_survey import ReadImports
    from envdoctor.core.availability import CellReason
    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents


def import_reasons(
    wheels: Sequence[WheelContents], target: Target, read: ReadImports, read_text: ReadText
) -> Iterator[CellReason]:
    """Why imports fail for want of what no file of their own wheel shows.

    Args:
        wheels: the whole set.
        target: where it would be installed.
        read: what a package of a wheel imports from elsewhere (`external_imports`); called from several threads.
        read_text: the text of a member of a wheel.
    """
    survey = survey_imports(wheels, target, read)
    yield from undeclared_reasons(survey)
    yield from absent_reasons(survey, read_text)
    yield from lookup_reasons(survey)
    yield from empty_reasons(wheels)
