"""Answers about packages on targets, as values: verdicts, reasons, pins, and the table of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.answer import AnswerSummary, count_values, summarize_answer, verdict_of, worst_first
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.summary import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Raised when a field of the JSON is taken away or changes its meaning.
SCHEMA = 1


class CellVerdict(enum.Enum):
    """What can be said of one version on one target; never more than was looked at."""

    PROVEN = "PROVEN"  # installed into a throw-away environment here, and imported
    SOUND = "SOUND"  # resolves, and every wheel of the set can load
    SOUND_IF = "SOUND-IF"  # the same, if the machine has something that is not known to be there
    RESOLVES = "RESOLVES"  # resolves; the wheels were not looked into
    BROKEN = "BROKEN"  # installs, and can't load
    CONFLICTS = "CONFLICTS"  # two requirements, or two wheels of the set, contradict each other
    NO_WHEEL = "NO-WHEEL"  # wheels for other platforms or Pythons only
    NO_VERSION = "NO-VERSION"  # nothing on the index that may be installed there
    NEEDS_BUILD = "NEEDS-BUILD"  # a source distribution only: must be built
    UNKNOWN = "UNKNOWN"  # could not be found out

    @property
    def is_good(self) -> bool:
        """Whether it can be installed, as far as was looked at."""
        return self in {CellVerdict.PROVEN, CellVerdict.SOUND, CellVerdict.SOUND_IF, CellVerdict.RESOLVES}

    @property
    def is_certain(self) -> bool:
        """The same without a condition."""
        return self.is_good and self is not CellVerdict.SOUND_IF


#: What each verdict means, for a legend.
MEANINGS = {
    CellVerdict.PROVEN: "installed here and imported",
    CellVerdict.SOUND: "resolves, and every wheel can load",
    CellVerdict.SOUND_IF: "can load if the machine has what the warnings name",
    CellVerdict.RESOLVES: "resolves; wheels not looked into",
    CellVerdict.BROKEN: "installs, and can't load or fails on use",
    CellVerdict.CONFLICTS: "requirements or wheels contradict each other",
    CellVerdict.NO_WHEEL: "wheels for other platforms or Pythons only",
    CellVerdict.NO_VERSION: "no version that may be installed there",
    CellVerdict.NEEDS_BUILD: "source only: must be built",
    CellVerdict.UNKNOWN: "could not be found out",
}


class ReasonKind(enum.Enum):
    """What stands in the way, or is worth knowing; the value is the name in JSON."""

    NO_PROJECT = "no-project"
    NO_VERSION = "no-version"
    YANKED = "yanked"
    REQUIRES_PYTHON = "requires-python"
    OTHER_WHEELS = "other-wheels"
    SOURCE_ONLY = "source-only"
    PURE_SOURCE = "pure-source"  # a source that is built without a compiler
    CONFLICT = "conflict"
    RESOLVER = "resolver"
    NOT_LOOKED_AT = "not-looked-at"
    NETWORK = "network"
    UNREADABLE = "unreadable"
    BROKEN = "broken"
    SHARED_FILES = "shared-files"
    CLASH = "clash"
    IMPORT_FAILED = "import-failed"
    PRE_RELEASE = "pre-release"
    NO_EXTRA = "no-extra"
    NOTE = "note"


class CauseKind(enum.Enum):
    """What is at fault, where pip, zipfile, readelf and otool alone can show it; the value is its name in JSON."""

    LIBRARY = "library"  # a file needs a library that no wheel holds
    SYMBOL = "symbol"  # a file needs a symbol that no file defines
    MODULE = "module"  # a module imports another that no wheel holds
    NAME = "name"  # a module asks for a name that another wheel lacks
    LOOKUP = "lookup"  # a module looks for a library of the system by its name
    COMPILED = "compiled"  # a file was compiled against numpy 1, and the other wheel is a later numpy
    SHARED = "shared"  # two wheels hold the same file with different content
    REFUSED = "refused"  # pip finds no set of wheels


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What is at fault, as data: what a reason's sentence and a report to the maintainers are written from.

    Attributes:
        wheel: name and version, of the one at fault.
        files: the paths in the wheel that it is about, or the dotted module.
        names: the libraries, symbols, modules or names that are missing.
        other: name and version of the other wheel, if it is about two.
    """

    kind: CauseKind
    wheel: str
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    other: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReason:
    """One statement about one version on one target.

    Attributes:
        kind: what sort of statement; for a finding about a wheel, `code` says more.
        severity: ERROR decides the verdict; a WARNING with a condition makes SOUND-IF of SOUND; others do not.
        subject: the requirement or the wheel.
        message: one sentence.
        path: the requirements that lead there from what was asked, outermost first; a second one for a conflict.
        other_path: of a conflict, the second chain of requirements.
        evidence: what proves it.
        remedies: constraints, such as ``numpy<2``, that would take it away, if any are known.
        condition: what would take it away on the machine itself, as the end of "sound if"; empty where nothing would.
        libraries: the libraries of the system that it is about, as files' names or as look-ups give them; each in
            several forms, of which one is enough.
        cause: what is at fault, as data; None where no other tool can show it.
    """

    kind: ReasonKind
    severity: Severity
    subject: str
    message: str
    path: tuple[str, ...] = ()
    other_path: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[str, ...] = ()
    condition: str = ""
    libraries: tuple[tuple[str, ...], ...] = ()
    cause: Cause | None = None

    def as_finding(self, where: str) -> Finding:
        """The same as a finding.

        Args:
            where: what it is about, as `name==version on target`; its own subject stands behind that.
        """
        about = where if self.subject in where else f"{where}: {self.subject}"
        fix = Fix(text=f"Add one of: {', '.join(self.remedies)}") if self.remedies else None
        return Finding(
            name=self.kind.value,
            severity=self.severity,
            subject=about,
            message=self.message,
            evidence=self.evidence,
            fix=fix,
        )


def conditions(reasons: Iterable[CellReason]) -> tuple[str, ...]:
    """What must hold for a set to be sound, each as the end of "sound if"; () for nothing."""
    warned = (reason.condition for reason in reasons if reason.severity is Severity.WARNING)
    return tuple(dict.fromkeys(filter(None, warned)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of a resolved set; `filename` is the wheel that an installer would take there."""

    name: str
    version: str
    filename: str = ""

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One requirement in the tree that `--explain` shows.

    Attributes:
        requirement: as written by whoever requires it.
        chosen: the version that the walk went on with; empty if there is none.
        reasons: what stands in the way exactly here.
        children: the requirements of the chosen version, in its order.
        repeated: the package stands elsewhere in the tree already, with its children.
    """

    requirement: str
    chosen: str = ""
    reasons: tuple[CellReason, ...] = ()
    children: tuple[Node, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One version of what was asked for, on one target.

    Attributes:
        requirement: the line that was resolved.
        version: of the package that the rows are about.
        target: its printed name, such as ``macos-arm64-cp311``.
        verdict: what can be said.
        reasons: why, the worst first; empty for RESOLVES and a SOUND set without warnings.
        pins: the resolved set, if it resolves.
        way_out: other pins that make a sound set for the same version, if these don't and some were found.
        resolver: what the resolver said, in its own words.
        tree: the whole requirement tree, one root for each line asked for; only if it was wanted.
    """

    requirement: str
    version: str
    target: str
    verdict: CellVerdict
    reasons: tuple[CellReason, ...] = ()
    pins: tuple[Pin, ...] = ()
    way_out: tuple[Pin, ...] = ()
    resolver: str = ""
    tree: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What an answer cost: requests and bytes over the network, wall seconds."""

    requests: int = 0
    received: int = 0
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Versions by targets.

    Attributes:
        package: normalized name of the package whose versions are the rows.
        requirements: everything that must hold together in each cell, as asked.
        constraints: the files whose lines restrict versions, as asked.
        versions: the rows, newest first.
        targets: the columns, by printed name.
        cells: one for each version and target.
        as_of: the moment at which the index was looked at, ISO 8601; empty for now.
        explained: the target whose cells carry their trees; empty for none.
        best: the best answers in words, one for each platform.
        notes: sentences that a reader should not miss.
        places: the indexes and links that were asked, credentials hidden.
        effort: what it cost.
    """

    package: str
    requirements: tuple[str, ...]
    versions: tuple[str, ...]
    targets: tuple[str, ...]
    cells: tuple[Cell, ...]
    constraints: tuple[str, ...] = ()
    as_of: str = ""
    explained: str = ""
    best: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = SCHEMA

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What is said of each cell, the worst first."""
        return worst_first(
            reason.as_finding(f"{self.package}=={cell.version} on {cell.target}")
            for cell in self.cells
            for reason in cell.reasons
        )

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to: mixed where some cells are good and others are not; counts are cells by verdict."""
        good = [cell.verdict.is_certain for cell in self.cells]
        any_good = any(cell.verdict.is_good for cell in self.cells)
        unknown = any(cell.verdict is CellVerdict.UNKNOWN for cell in self.cells)
        verdict = Standing.MIXED if any_good else verdict_of(problems=not unknown, unknown=unknown)
        return summarize_answer(
            Standing.FINE if good and all(good) else verdict,
            self.all_findings,
            count_values(cell.verdict for cell in self.cells),
        )

    def cell(self, version: str, target: str) -> Cell:
        """The cell of a row and a column.

        Raises:
            KeyError: there is none.
        """
        for cell in self.cells:
            if (cell.version, cell.target) == (version, target):
                return cell
        raise KeyError((version, target))
