"""Findings that the user's configuration ignores: taken out of the problems, and told all the same."""

from __future__ import annotations

import dataclasses
import fnmatch
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from envdoctor.core.finding import Finding, Outcome, ProbeResult, Severity
from envdoctor.core.report import Ignored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from envdoctor.configuration import Ignore
    from envdoctor.core.report import Report


def ignore(report: Report, rules: Sequence[Ignore], origin: str, today: date | None = None) -> Report:
    """The report without what the rules ignore; a rule past its end ignores nothing, and that is told.

    Args:
        report: of a check.
        rules: the first that fits counts.
        origin: the file that has them.
        today: the day, UTC; None for the present one.
    """
    day = today or datetime.now(timezone.utc).date()
    in_force = [one for one in rules if one.until is None or day <= one.until]
    ignored: list[Ignored] = []

    def left(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        rest: list[Finding] = []
        for finding in findings:
            rule = next((one for one in in_force if _fits(one, finding)), None)
            if rule is None:
                rest.append(finding)
            else:
                ignored.append(Ignored(finding=finding, reason=rule.reason, until=_day(rule.until), origin=origin))
        return tuple(rest)

    def judged(result: ProbeResult) -> ProbeResult:
        rest = left(result.findings)
        serious = any(finding.severity > Severity.INFO for finding in rest)
        quiet = result.outcome is Outcome.FAILED and not serious
        return dataclasses.replace(result, findings=rest, outcome=Outcome.IGNORED if quiet else result.outcome)

    probes, findings = tuple(map(judged, report.probes)), left(report.findings)
    told = tuple(map(_sentence, ignored))
    over = tuple(
        f"{origin} ignored {one.code} until {_day(one.until)} ({one.reason}); it ignores nothing any more."
        for one in rules
        if one not in in_force
    )
    unknown = tuple(
        f"{origin} ignores {code}, which is no code and no family that envdoctor knows: it ignores nothing."
        for code in _unknown(rules, report)
    )
    notes = (*report.notes, *told, *over, *unknown)
    return dataclasses.replace(report, probes=probes, findings=findings, ignored=tuple(ignored), notes=notes)


def _unknown(rules: Sequence[Ignore], report: Report) -> list[str]:
    asked = {word for one in report.probes for word in (one.code, one.code[:3])}
    rest = {one.code: one.code.upper() for one in rules if one.code.upper() not in asked}
    if not rest:
        return []
    from envdoctor.doctor.explain import explanations

    known = {word for one in explanations() for word in (one.code, one.code[:3])}
    return [code for code, word in rest.items() if word not in known]


def _fits(rule: Ignore, finding: Finding) -> bool:
    """Whether a rule is about a finding; what is merely worth knowing needs no ignoring."""
    code = rule.code.upper()
    named = code in {finding.code, finding.code.rstrip("0123456789")}
    subject = not rule.subject or fnmatch.fnmatch(finding.subject, rule.subject)
    return named and subject and finding.severity > Severity.INFO


def _sentence(one: Ignored) -> str:
    end = f" until {one.until}" if one.until else ""
    return f"{one.finding.code} is ignored{end} ({one.reason}): {one.finding.message}"


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
