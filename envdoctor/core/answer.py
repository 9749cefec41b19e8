"""What an answer that is no report comes to: the head of its JSON, and the exit code of its command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping  # noqa: TC003  (resolved at run time for the JSON schema)
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import ExitCode
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.summary import Standing

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterable

_FINE = frozenset({Standing.FINE, Standing.MIXED, Standing.ANSWERED, Standing.NOTHING_CHECKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSummary:
    """What a program asks first.

    Attributes:
        verdict: what it all comes to.
        exit_code: of the command.
        findings: how many of which severity there are in the flat list.
        counts: how many of what was asked about came to what; each command has words of its own.
    """

    verdict: Standing
    exit_code: int
    findings: Mapping[str, int]
    counts: Mapping[str, int]


def summarize_answer(
    verdict: Standing,
    findings: Iterable[Finding],
    counts: Mapping[str, int],
    exit_code: ExitCode | None = None,
) -> AnswerSummary:
    """The summary of an answer.

    Args:
        verdict: what it comes to.
        findings: the flat list.
        counts: by the words of the command.
        exit_code: where the verdict does not say it.
    """
    severities = Counter(one.severity for one in findings)
    code = exit_code if exit_code is not None else ExitCode.OK if verdict in _FINE else ExitCode.PROBLEMS
    return AnswerSummary(
        verdict=verdict,
        exit_code=int(code),
        findings={one.name.lower(): severities[one] for one in sorted(Severity, reverse=True)},
        counts=counts,
    )


def count_values(values: Iterable[enum.Enum]) -> Mapping[str, int]:
    """How many there are of each value that there is, by its name in JSON."""
    return dict(sorted(Counter(str(one.value) for one in values).items()))


def verdict_of(*, problems: bool, unknown: bool) -> Standing:
    """The standing of what has problems, or could not all be looked at."""
    if problems:
        return Standing.PROBLEMS
    return Standing.UNKNOWN if unknown else Standing.FINE


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without repetition, the worst first."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda one: -one.severity))
