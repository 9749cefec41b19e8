"""What can be the matter with a stage or its product, as the table data/stage-problems.toml says it."""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.command import CommandResult

#: How the last line of a traceback begins.
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit): \S")
#: Element types as MLIR writes them, and as people do.
_TYPES = {"f16": "float16", "bf16": "bfloat16", "f64": "float64", "i64": "int64", "i16": "int16"}
_LAST_RESORT = "stage-failed"
#: Lines of what a failed stage printed that are quoted.
_SHOWN = 4
#: Evidence is shown whole; an excerpt is cut at this many characters.
_EXCERPT = 600


class Scope(enum.Enum):
    """Which other routes share the cause of a problem; see the table."""

    STAGES = "stages"
    ENVIRONMENT = "environment"
    EXPORT = "export"
    QUANTIZER = "quantizer"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One row of the table; see there.

    Attributes:
        pattern: searched in what a failed process printed; None if the problem is not told from there.
        ends_build: True if no other route may be tried after it: it would run what was refused.
        shared_by: which other routes have the same cause.
        upstream: True if those who make the tool can mend it for good.
    """

    name: str
    code: str
    severity: Severity
    title: str
    why: str
    message: str
    fix: str
    pattern: re.Pattern[str] | None = None
    signal: tuple[str, ...] = ()
    ended: str = ""
    trait: str = ""
    ends_build: bool = False
    shared_by: Scope = Scope.STAGES
    upstream: bool = False

    @property
    def explains_failures(self) -> bool:
        """True if it can be told from how a process ended."""
        return bool(self.pattern or self.signal or self.ended)


@functools.cache
def problem_kinds() -> dict[str, ProblemKind]:
    """All problems by name, in the order in which they are tried on a failure."""
    return {
        name: ProblemKind(
            name=name,
            code=row["code"],
            severity=Severity[row["severity"].upper()],
            title=row["title"],
            why=row["why"],
            message=row["message"],
            fix=row["fix"],
            pattern=re.compile(row["pattern"]) if "pattern" in row else None,
            signal=tuple(row.get("signal", ())),
            ended=row.get("ended", ""),
            trait=row.get("trait", ""),
            ends_build=row.get("ends_build", False),
            upstream=row.get("upstream", False),
            shared_by=Scope(row.get("shared_by", Scope.STAGES.value)),
        )
        for name, row in load_table("stage-problems").items()
    }


def finding(name: str, subject: str, evidence: Iterable[Evidence] = (), **words: object) -> Finding:
    """The finding of a problem.

    Args:
        name: a key of the table.
        subject: what it is about.
        evidence: the proof.
        words: what the braces of the message and the fix stand for; see `_Count` for numbers.
    """
    kind = problem_kinds()[name]
    words = {key: _Count(value) if type(value) is int else value for key, value in words.items()}
    return Finding(
        code=kind.code,
        name=kind.name,
        severity=kind.severity,
        subject=subject,
        message=kind.message.format_map(words),
        evidence=tuple(evidence),
        fix=Fix(text=kind.fix.format_map(words)),
    )


class _Count(int):
    """A number with words that go with it: `{count:operator runs|operators run}` in a message."""

    def __format__(self, spec: str) -> str:
        """`1 operator runs`, `2 operators run`; any other spec as numbers take it."""
        one, bar, more = spec.partition("|")
        return f"{int(self)} {one if self == 1 else more}" if bar else format(int(self), spec)


def ends_build(found: Finding) -> bool:
    """True if no route may be tried after a stage that ended with this."""
    kind = problem_kinds().get(found.name)
    return kind is not None and kind.ends_build


def shared_by(found: Finding) -> Scope:
    """Which other routes have the same cause."""
    kind = problem_kinds().get(found.name)
    return Scope.STAGES if kind is None else kind.shared_by


def is_upstream(found: Finding) -> bool:
    """True if those who make the tool can mend it for good."""
    kind = problem_kinds().get(found.name)
    return kind is not None and kind.upstream


def explain_failure(result: CommandResult, printed: str, *, title: str, log: str, traits: frozenset[str]) -> Finding:
    """Why a process failed.

    Args:
        result: how it ended.
        printed: everything that it printed.
        title: what it was doing, for the message.
        log: where `printed` can be read, for the evidence.
        traits: of the model it worked on.
    """
    ending = Evidence(source=quote_command(result.argv), excerpt=result.describe_failure())
    for kind in problem_kinds().values():
        words = _explanation(kind, result, printed, traits)
        if words is not None:
            said = Evidence(source=log, excerpt=words.pop("excerpt") or _last_lines(printed))
            return finding(kind.name, title, (ending, said), title=title, failure=result.describe_failure(), **words)
    last = result.error or _last_line(printed) or "it printed nothing"
    said = Evidence(source=log, excerpt=_last_lines(printed) or last)
    return finding(
        _LAST_RESORT, title, (ending, said), title=title, failure=result.describe_failure(), words=last.rstrip(".")
    )


def _explanation(
    kind: ProblemKind, result: CommandResult, printed: str, traits: frozenset[str]
) -> dict[str, str] | None:
    """The words that a kind finds in a failure, with the excerpt that proves it; None if it does not fit."""
    if not kind.explains_failures or (kind.trait and kind.trait not in traits):
        return None
    if (kind.ended and result.ended != kind.ended) or (kind.signal and result.signal not in kind.signal):
        return None
    if kind.pattern is None:
        return {"excerpt": ""}
    match = kind.pattern.search(printed)
    if match is None:
        return None
    groups = {name: _TYPES.get(value or "", (value or "").strip()) for name, value in match.groupdict().items()}
    return {**groups, "excerpt": _line_around(printed, match)}


def _line_around(text: str, match: re.Match[str]) -> str:
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return text[start : end if end >= 0 else len(text)].strip()[:_EXCERPT]


def _last_line(text: str) -> str:
    """The line that says most: that of the last exception, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if _EXCEPTION.match(line)]
    return (errors or lines or [""])[-1][:_EXCERPT]


def _last_lines(text: str) -> str:
    """The lines that say most: of a crash those that faulthandler puts first, of an exception those from it on."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    crashes = [number for number, line in enumerate(lines) if line.startswith("Fatal Python error")]
    errors = [number for number, line in enumerate(lines) if _EXCEPTION.match(line)]
    start = (crashes or errors or [max(0, len(lines) - _SHOWN)])[-1]
    return "\n".join(lines[start : start + _SHOWN])[:_EXCERPT]
