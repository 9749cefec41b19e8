"""A report as JUnit XML, as test servers read it: a suite for each family of checks and for each route that was built.

What makes the command's exit code is a failure, a check without an answer an error, a check that does not apply is
skipped. Other findings are the output of a test that passed. The elements are those that Jenkins' schema and GitLab
both take; a test has at most one failure, since readers show one only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from envdoctor.core.finding import Outcome, Severity
from envdoctor.support.text import one_line, quote_command, visible
from envdoctor_reports._view import attempt_line, finding_line, groups, inapplicable_line, outcome_line, question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.core.finding import Finding, ProbeResult
    from envdoctor.core.report import Ignored, Report
    from envdoctor.core.route import Attempt
    from envdoctor_reports._view import Group

#: What XML 1.0 has no place for, beyond what `visible` spells out.
_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test.

    Attributes:
        kind: failure, error or skipped; empty if it passed.
        said: the short text of that.
        body: the long text.
    """

    suite: str
    name: str
    seconds: float = 0.0
    kind: str = ""
    said: str = ""
    body: str = ""


def render(report: Report) -> str:
    """The report as a JUnit XML document; what must not leave the machine is hidden in it already."""
    suites = [(group.title, list(_of_group(report, group))) for group in groups(report)]
    suites += [(attempt_line(report, attempt), list(_of_attempt(report, attempt))) for attempt in report.attempts]
    suites += [("Ignored", [_of_ignored(one) for one in report.ignored])] if report.ignored else []
    every = [case for _, cases in suites for case in cases]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="envdoctor" {_counts(every, "failure", "error")}>',
    ]
    for title, cases in suites:
        stamp = _text(report.created.removesuffix("Z"))
        lines.append(f'<testsuite name="{_text(title)}" timestamp="{stamp}" {_counts(cases)}>')
        lines += [line for case in cases for line in _element(case)]
        lines.append("</testsuite>")
    if report.notes:
        lines.append(f'<testsuite name="Notes" {_counts([])}>')
        lines += [f"<system-out>{_block(chr(10).join(report.notes))}</system-out>", "</testsuite>"]
    return "\n".join([*lines, "</testsuites>", ""])


def _of_group(report: Report, group: Group) -> Iterator[_Case]:
    """Failures first, then errors, then what was skipped, then what passed."""
    seconds = {result.code: result.seconds for result in report.probes}
    for finding in group.problems:
        yield _of_finding(report, finding, seconds.pop(finding.code, 0.0))
    for result in group.unanswered:
        yield _of_result(result, "error", outcome_line(result))
    for result in group.skipped:
        yield _of_result(result, "skipped", outcome_line(result))
    for finding in group.notes:
        yield _of_finding(report, finding, seconds.pop(finding.code, 0.0))
    for result in group.passed:
        yield _of_result(result, "", "")
    for result in group.inapplicable:
        yield _of_result(result, "skipped", inapplicable_line(result))


def _of_attempt(report: Report, attempt: Attempt) -> Iterator[_Case]:
    for result in attempt.results:
        name = f"{result.stage.action}: {result.status.value}"
        yield _Case(suite="build", name=name, seconds=result.seconds)
        for finding in result.findings:
            yield _of_finding(report, finding, 0.0)


def _of_finding(report: Report, finding: Finding, seconds: float) -> _Case:
    counts = finding.severity > Severity.INFO and report.summary.exit_code
    said = one_line(finding_line(finding))
    return _Case(
        suite=finding.code[:3],
        name=f"{finding.code} {one_line(finding.subject)}".rstrip(),
        seconds=seconds,
        kind="failure" if counts else "",
        said=said,
        body="\n".join([said, *_details(finding)]),
    )


def _of_ignored(one: Ignored) -> _Case:
    """What the user's configuration ignores."""
    name = f"{one.finding.code} {one_line(one.finding.subject)}".rstrip()
    said = f"Ignored ({one_line(one.reason)}): {one_line(finding_line(one.finding))}"
    return _Case(suite=one.finding.code[:3], name=name, kind="skipped", said=said)


def _details(finding: Finding) -> Iterable[str]:
    for evidence in finding.evidence:
        yield f"seen in {evidence.source}:"
        yield evidence.excerpt
    if finding.fix is not None:
        yield f"fix: {finding.fix.text}"
        yield from (quote_command(argv) for argv in finding.fix.commands)


def _of_result(result: ProbeResult, kind: str, said: str) -> _Case:
    crashed = result.outcome is Outcome.CRASHED
    return _Case(
        suite=result.family,
        name=f"{result.code} {question(result)}",
        seconds=result.seconds,
        kind=kind,
        said=said,
        body=result.reason if crashed else "",
    )


_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def _counts(cases: list[_Case], *kinds: str) -> str:
    """The numbers of tests, of all kinds by default: Jenkins' schema has no `skipped` for all suites together."""
    counts = {_COUNTED[kind]: sum(case.kind == kind for case in cases) for kind in kinds or _COUNTED}
    counted = " ".join(f'{name}="{count}"' for name, count in counts.items())
    return f'tests="{len(cases)}" {counted} time="{sum(case.seconds for case in cases):.3f}"'


def _element(case: _Case) -> Iterator[str]:
    head = f'<testcase classname="envdoctor.{_text(case.suite)}" name="{_text(case.name)}" time="{case.seconds:.3f}"'
    if not case.kind and not case.body:
        yield f"{head}/>"
        return
    yield f"{head}>"
    if case.kind == "skipped":
        yield f'<skipped message="{_text(case.said)}"/>'
    elif case.kind:
        kind = _text(case.name.partition(" ")[0])
        yield f'<{case.kind} message="{_text(case.said)}" type="{kind}">{_block(case.body)}</{case.kind}>'
    else:
        yield f"<system-out>{_block(case.body)}</system-out>"
    yield "</testcase>"


def _text(text: str) -> str:
    """For an attribute: on one line."""
    return _block(one_line(text))


def _block(text: str) -> str:
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text)))
