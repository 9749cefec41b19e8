"""Which versions of a package have a module, or a name in one."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003 - a field's type, read by tools
from dataclasses import dataclass, field

from envdoctor.core.answer import AnswerSummary, count_values, summarize_answer, verdict_of, worst_first
from envdoctor.core.availability import Effort
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.summary import Standing


class Holding(enum.Enum):
    """Whether a wheel has a module or a name, once its packages were imported."""

    HAS = "HAS"  # a module of it, or a name that its text binds on every way
    LACKS = "LACKS"  # proven: no module, and nothing that the text could give that name
    UNKNOWN = "UNKNOWN"  # there is no wheel, it could not be read, or its text does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingCell:
    """One version on one target.

    Attributes:
        version: of the package.
        target: its printed name.
        holdings: for each name that was asked about.
        problem: why nothing is known, as a sentence; "" otherwise.
    """

    version: str
    target: str
    holdings: Mapping[str, Holding]
    problem: str = ""

    @property
    def has_all(self) -> bool:
        """Whether it certainly has every name."""
        return bool(self.holdings) and all(each is Holding.HAS for each in self.holdings.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingTable:
    """Versions by targets, for each name.

    Attributes:
        package: normalized name of the package whose versions are the rows.
        names: the modules and names, as asked.
        versions: the rows, newest first.
        targets: the columns, by printed name.
        cells: one for each version and target.
        places: the indexes and links that were asked, credentials hidden.
        effort: what it cost.
    """

    package: str
    names: tuple[str, ...]
    versions: tuple[str, ...]
    targets: tuple[str, ...]
    cells: tuple[HoldingCell, ...]
    places: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = 1

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The names that a version lacks, and the cells of which nothing is known; the worst first."""
        lacking = (
            Finding(
                name="lacks-name",
                severity=Severity.INFO,
                subject=f"{self.package}=={cell.version} on {cell.target}",
                message=f"{self.package} {cell.version} has no {name}.",
            )
            for cell in self.cells
            for name, holding in cell.holdings.items()
            if holding is Holding.LACKS
        )
        unknown = (
            Finding(
                name="not-looked-at",
                severity=Severity.WARNING,
                subject=f"{self.package}=={cell.version} on {cell.target}",
                message=cell.problem,
            )
            for cell in self.cells
            if cell.problem
        )
        return worst_first((*unknown, *lacking))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to: fine where every version has every name; counts are names by cell."""
        answers = [each for cell in self.cells for each in cell.holdings.values()]
        unknown = Holding.UNKNOWN in answers or any(cell.problem for cell in self.cells)
        verdict = verdict_of(problems=Holding.LACKS in answers and not unknown, unknown=unknown)
        if any(cell.has_all for cell in self.cells):
            verdict = Standing.FINE if all(cell.has_all for cell in self.cells) else Standing.MIXED
        return summarize_answer(verdict, self.all_findings, count_values(answers))
