"""Names that importing the wheels of a set asks of other modules, and that these no longer have.

`from onnx import mapping` with an onnx that dropped it, `np.sctypes` under numpy 2, `collections.Mapping` on Python
3.10: every requirement is met, and the import fails all the same. Only what is asked at import counts, and only where
the text of the other module, or a table of what was removed, leaves no doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.wheels.bound_names import BoundNames
from envdoctor.wheels.module_index import ModuleIndex
from envdoctor.wheels.removed_names import removed_since
from envdoctor.wheels.standard_library import standard_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.availability.import_survey import Package, Survey
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.external_imports import ExternalUse

    #: The text of a member of a wheel.
    ReadText = Callable[[WheelContents, str], str]

_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Absent:
    """Something that is asked for and not there: of whom, and which requirement would do."""

    use: ExternalUse
    owner: str
    remedy: str = ""


def absent_reasons(survey: Survey, read: ReadText) -> Iterator[CellReason]:
    """What is asked for and not there: one statement on each wheel, the gravest."""
    judge = _Judge(survey, read)
    told: set[int] = set()
    for package, imports in sorted(survey.packages, key=lambda item: -item[0].severity):
        if package.wheel not in told:
            found = [judge.absent(package, use) for use in imports.uses if survey.happens(use.instead_of)]
            absent = [one for one in found if one is not None]
            if absent:
                told.add(package.wheel)
                yield _reason(survey.wheels[package.wheel], absent, package.severity)


class _Judge:
    """Asks Python, the table and the wheels of the set."""

    def __init__(self, survey: Survey, read: ReadText) -> None:
        self._survey = survey
        self._read = read
        self._standard = standard_modules(survey.target)
        self._names: dict[int, BoundNames] = {}

    def absent(self, package: Package, use: ExternalUse) -> _Absent | None:
        """What is wrong with one use; None if nothing is known to be."""
        python = self._survey.target.interpreter
        top = use.module.partition(".")[0]
        bringers = [index for index in self._survey.bringers.having(top) if index != package.wheel]
        if not bringers:
            since = removed_since("python", python.version, use.module, use.name) if top in self._standard else ""
            return _Absent(use=use, owner=f"Python {python.short_version}") if since else None
        if len(bringers) > 1:  # a namespace, or two that overwrite each other
            return None
        wheel = self._survey.wheels[bringers[0]]
        since = removed_since(wheel.metadata.name, wheel.metadata.version, use.module, use.name)
        if since:
            return _Absent(use=use, owner=wheel.label, remedy=f"{wheel.metadata.name}<{since}")
        names = self._bound(bringers[0])
        # What is not imported by its name may be a submodule that something else imported.
        if use.imported and names.lacks_module(use.module):
            return _Absent(use=replace(use, name=""), owner=wheel.label)
        if use.imported and use.name and names.lacks(use.module, use.name):
            return _Absent(use=use, owner=wheel.label)
        return None

    def _bound(self, index: int) -> BoundNames:
        if index not in self._names:
            wheel = self._survey.wheels[index]
            self._names[index] = BoundNames(ModuleIndex(wheel.members), lambda member: self._read(wheel, member))
        return self._names[index]


def _reason(wheel: WheelContents, absent: list[_Absent], severity: Severity) -> CellReason:
    first = absent[0]
    more = len(absent) - 1
    others = f", nor {more} more" if more else ""
    chains = "\n".join(" > ".join((*one.use.via, _named(one.use))) for one in absent[:_SHOWN])
    via = first.use.via
    message = (
        f"{wheel.label}: `import {via[0]}` fails: {via[-1]} asks for {_named(first.use)}, "
        f"which {first.owner} does not have{others}."
    )
    remedies = tuple(dict.fromkeys(one.remedy for one in absent if one.remedy))
    owner = () if remedies or first.owner.startswith("Python ") else (first.owner,)
    return CellReason(
        kind=ReasonKind.BROKEN if severity is Severity.ERROR else ReasonKind.NOTE,
        severity=severity,
        subject=", ".join((wheel.label, *owner)),
        message=message,
        evidence=(Evidence(source=f"imports of {wheel.label}", excerpt=chains),),
        remedies=remedies,
    )


def _named(use: ExternalUse) -> str:
    return f"{use.module}.{use.name}" if use.name else use.module
