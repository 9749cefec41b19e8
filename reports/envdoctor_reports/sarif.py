"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors read: the only place that writes it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envdoctor import __version__
from envdoctor.core.finding import Outcome
from envdoctor.support.text import one_line, quote_command, visible
from envdoctor_reports import _guard
from envdoctor_reports._view import State, finding_line, outcome_line, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.core.finding import Finding, ProbeResult
    from envdoctor.core.guard import GuardReport
    from envdoctor.core.report import Ignored, Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {State.ERROR: "error", State.WARNING: "warning", State.NOTE: "note"}
_HOME = "HOME"


def render(report: Report) -> str:
    """The report as a SARIF log: a result for each finding, a notification for each check without an answer.

    What must not leave the machine is hidden in the report already.
    """
    told: list[tuple[Finding, Ignored | None]] = [(finding, None) for finding in report.all_findings]
    told += [(one.finding, one) for one in report.ignored]
    titles = {result.code: result.title for result in report.probes}
    names = {finding.code: finding.name for finding, _ in told}
    rules = [_rule(code, name, titles.get(code, "")) for code, name in names.items()]
    results = [_result(finding) | _suppressed(ignored) for finding, ignored in told]
    return _log(rules, results, report)


def render_guard(report: GuardReport) -> str:
    """What `guard` found; alarms that were told before have the baseline state `unchanged`."""
    return _log([_guard.RULE], [_guard.sarif_result(report, one) for one in report.alarms], None)


def _log(rules: Sequence[dict[str, Any]], results: Sequence[dict[str, Any]], report: Report | None) -> str:
    driver = {"name": "envdoctor", "version": __version__, "rules": rules}
    run: dict[str, Any] = {"tool": {"driver": driver}, "results": results}
    if report is not None:
        run["columnKind"] = "unicodeCodePoints"
        run["invocations"] = [_invocation(report)]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _invocation(report: Report) -> dict[str, Any]:
    return {
        "executionSuccessful": report.complete,
        "exitCode": report.summary.exit_code,
        "endTimeUtc": report.created,
        "toolExecutionNotifications": [*map(_notification, report.blind_spots), *map(_note, report.notes)],
    }


def _notification(result: ProbeResult) -> dict[str, Any]:
    return {
        "descriptor": {"id": result.code},
        "level": "note" if result.outcome is Outcome.SKIPPED else "warning",
        "message": {"text": one_line(outcome_line(result))},
    }


def _note(text: str) -> dict[str, Any]:
    return {"level": "note", "message": {"text": one_line(text)}}


def _rule(code: str, name: str, title: str) -> dict[str, Any]:
    return {"id": code, "name": name or code, "shortDescription": {"text": title or name.replace("-", " ") or code}}


def _result(finding: Finding) -> dict[str, Any]:
    fix = finding.fix
    properties: dict[str, Any] = {
        "evidence": [{"source": one.source, "excerpt": visible(one.excerpt)} for one in finding.evidence]
    }
    text = one_line(finding_line(finding))
    if fix is not None:
        text = f"{text} Fix: {one_line(fix.text)}"
        properties["fix"] = {"text": fix.text, "commands": [quote_command(argv) for argv in fix.commands]}
    return {
        "ruleId": finding.code,
        "level": _LEVELS[state_of(finding)],
        "message": {"text": text},
        "locations": [_location(finding)],
        "partialFingerprints": {"envdoctor/finding": _fingerprint(finding)},
        "properties": properties,
    }


def _suppressed(ignored: Ignored | None) -> dict[str, Any]:
    """What the user's configuration ignores stays a result, which readers leave out of their counts."""
    return {} if ignored is None else {"suppressions": [{"kind": "external", "justification": ignored.reason}]}


def _location(finding: Finding) -> dict[str, Any]:
    """What the finding is about, and the first file that proves it."""
    place: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": one_line(finding.subject) or finding.code}]}
    file = next(_files(one.source for one in finding.evidence), None)
    return place if file is None else {"physicalLocation": {"artifactLocation": file}, **place}


def _files(sources: Iterable[str]) -> Iterator[dict[str, str]]:
    for source in sources:
        path = source.replace("\\", "/")
        if " " in path:  # a command, or words
            continue
        if path.startswith("~/"):
            yield {"uri": quote(path[2:]), "uriBaseId": _HOME}
        elif path.startswith("/"):
            yield {"uri": f"file://{quote(path)}"}


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding in another run, whatever else was found."""
    return hashlib.sha256(f"{finding.code}\0{finding.subject}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
