"""What the configuration ignores is no problem, and is never silently fine."""

import sys
from datetime import date
from json import loads
from pathlib import Path

import pytest

from envdoctor.configuration import Ignore
from envdoctor.core.finding import Evidence, Finding, Outcome, ProbeResult, Severity
from envdoctor.core.report import Report
from envdoctor.doctor.ignoring import ignore
from envdoctor.doctor.report import report as make_report
from envdoctor_reports import github, html, json, junit, markdown, sarif, terminal

TODAY = date(2027, 1, 15)


def finding(subject, severity=Severity.ERROR, code="PKG001"):
    proof = (Evidence(source="METADATA", excerpt="numpy<2"),)
    return Finding(code=code, severity=severity, subject=subject, message=f"{subject} is wrong.", evidence=proof)


def report(*findings, outcome=Outcome.FAILED):
    result = ProbeResult(code="PKG001", name="n", title="Is anything wrong", outcome=outcome, findings=findings)
    return Report(command="check", version="1", created="", probes=(result,))


def judged(made, **rule):
    return ignore(made, [Ignore(**{"code": "PKG001", "reason": "our tests pass", **rule})], "pyproject.toml", TODAY)


def test_an_ignored_finding_is_no_problem_and_is_told():
    made = judged(report(finding("foo"), finding("bar")), until=TODAY)
    assert made.is_fine
    assert [one.outcome for one in made.probes] == [Outcome.IGNORED]
    assert [one.finding.subject for one in made.ignored] == ["foo", "bar"]
    assert (made.ignored[0].reason, made.ignored[0].until) == ("our tests pass", "2027-01-15")


@pytest.mark.slow
def test_every_format_tells_it_and_none_says_passed():
    made = judged(report(finding("foo")))
    for text in (terminal.render(made), markdown.render(made), html.render(made)):
        assert "1 ignored" in text or "1 finding ignored" in text
        assert "our tests pass" in text.replace("\n  ", " ").replace("&#39;", "'")
        assert "foo is wrong" in text
        assert "1 check passed" not in text
    assert '"ignored"' in json.render(made)
    (told,) = loads(sarif.render(made))["runs"][0]["results"]
    assert told["suppressions"] == [{"kind": "external", "justification": "our tests pass"}]
    assert 'skipped="1"' in junit.render(made)
    assert "PKG001 is ignored (our tests pass): foo is wrong." in junit.render(made)
    assert "our tests pass" in github.render(made)
    assert "✓" not in terminal.render(made)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "told"),
    [("PKG999", True), ("pkgs", True), ("pkg", False), ("RUN", False), ("RUN061", False), ("hst009", False)],
)
def test_a_code_that_is_none_is_told(code, told):
    notes = judged(report(finding("foo")), code=code).notes
    assert (f"pyproject.toml ignores {code}, which is no code" in " ".join(notes)) == told


def test_what_is_left_counts():
    made = judged(report(finding("foo"), finding("bar")), subject="f*")
    assert not made.is_fine
    assert [one.subject for one in made.problems] == ["bar"]
    assert made.probes[0].outcome is Outcome.FAILED


def test_past_its_end_a_rule_ignores_nothing_and_says_so():
    made = judged(report(finding("foo")), until=date(2027, 1, 14))
    assert not made.is_fine
    assert not made.ignored
    assert made.notes == (
        "pyproject.toml ignored PKG001 until 2027-01-14 (our tests pass); it ignores nothing any more.",
    )


@pytest.mark.parametrize(("code", "ignored"), [("PKG", 1), ("pkg001", 1), ("PKG002", 0), ("P", 0), ("PKG0", 0)])
def test_a_rule_names_a_code_or_a_family(code, ignored):
    assert len(judged(report(finding("foo")), code=code).ignored) == ignored


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.CRASHED, Outcome.TIMED_OUT])
def test_what_could_not_be_looked_at_is_not_ignored(outcome):
    made = judged(report(finding("foo"), outcome=outcome))
    assert not made.is_fine
    assert made.probes[0].outcome is outcome


def test_what_is_merely_worth_knowing_stays():
    made = judged(report(finding("foo", Severity.INFO), outcome=Outcome.PASSED))
    assert not made.ignored
    assert made.probes[0].outcome is Outcome.PASSED


@pytest.mark.slow
def test_a_report_tells_what_is_ignored_and_not_where_its_writer_lives(monkeypatch):
    home = Path.home() / "work/pyproject.toml"
    rule = Ignore(code="PKG001", reason="we know", subject=str(home.parent / "*"))
    monkeypatch.setattr("envdoctor.doctor.report.check", lambda _: report(finding(str(home))))
    made, _ = make_report(python=Path(sys.executable), amend=lambda one: ignore(one, [rule], str(home)))
    assert len(made.ignored) == 1
    assert str(Path.home()) not in json.render(made)
