"""All formats of one report carry the same findings, and each is what its readers take."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import xml.etree.ElementTree as ET

import pytest

import sample_reports as samples
from envdoctor.core.finding import Evidence, Finding, Fix, Outcome, Severity
from envdoctor.core.report import Ignored, Report
from envdoctor_reports import github, junit, markdown, sarif, terminal

FORMATS = ("json", "markdown", "html", "sarif", "junit", "github")
NASTY = "</pre>\"]]>&<x a='1'> ::error::x % , : \x1b[2J \ufffe | `c`\nsecond\r\nthird @torvalds ${{ x }}"
HOSTILE = Finding(
    severity=Severity.ERROR,
    subject=NASTY,
    message=NASTY,
    evidence=(Evidence(source=NASTY, excerpt=NASTY),),
    fix=Fix(text=NASTY, commands=(("echo", NASTY),), link="javascript:alert(1)"),
    code="PKG001",
    name="x-y",
)
CHECKED = dataclasses.replace(
    samples.broken(), findings=(HOSTILE,), notes=(NASTY,), attempts=samples.all_failed().attempts
)


def rendered(name, report):
    return importlib.import_module(f"envdoctor_reports.{name}").render(report)


def codes(name, text):
    """The code of every finding that a format tells, once for each."""
    if name == "json":
        return [one["code"] for one in json.loads(text)["findings"]]
    if name == "sarif":
        return [one["ruleId"] for one in json.loads(text)["runs"][0]["results"]]
    if name == "junit":
        cases = ET.fromstring(text).iter("testcase")
        return [case.get("name").split()[0] for case in cases if _is_finding(case)]
    pattern = {
        "markdown": r"<summary>\S+ <b>(\w+)</b>",
        "html": r'<summary><span class="mark.*?</span><code>(\w+)</code>',
        "github": r"^::\w+ title=([A-Z]{3}\d{3})\b(?!.*\(no answer\)::)",
    }[name]
    return re.findall(pattern, text, re.MULTILINE)


def _is_finding(case):
    return case.find("failure") is not None or case.find("system-out") is not None


@pytest.mark.parametrize("make", [*samples.ALL, lambda: CHECKED])
@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_carry_the_same_findings(name, make):
    report = make()
    assert sorted(codes(name, rendered(name, report))) == sorted(one.code for one in report.all_findings)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_what_could_not_be_looked_at(name):
    text = rendered(name, samples.broken())
    for result in samples.broken().blind_spots:
        assert result.code in text
    assert "did not answer within 10 s" in text


def test_the_terminal_tells_every_finding_too():
    text = terminal.render(CHECKED, verbose=True, width=200)
    assert {one.code for one in CHECKED.all_findings} <= set(re.findall(r"\b[A-Z]{3}\d{3}\b", text))


def test_sarif_has_levels_rules_places_and_fixes():
    (run,) = json.loads(sarif.render(samples.broken()))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules)) == len({one.code for one in samples.broken().all_findings})
    assert {one["ruleId"] for one in run["results"]} == set(rules)
    assert {one["level"] for one in run["results"]} == {"error", "warning", "note"}
    needed = next(one for one in run["results"] if one["ruleId"] == "PKG001")
    place = needed["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": f"file://{samples.SITE}/tensorflow-2.21.0.dist-info/METADATA"}
    assert "Fix: Install a version that all requirements admit." in needed["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["exitCode"] == 1


def test_a_finding_has_the_same_sarif_fingerprint_beside_others():
    def prints(report):
        return {
            one["ruleId"]: one["partialFingerprints"] for one in json.loads(sarif.render(report))["runs"][0]["results"]
        }

    alone = Report(command="check", version="2", created="x", findings=(samples.TWO_FOLDERS,))
    assert prints(alone)["PKG002"] == prints(samples.broken())["PKG002"]


def test_junit_counts_what_readers_count():
    root = ET.fromstring(junit.render(samples.broken()))
    for kind in ("failure", "error", "skipped"):
        attribute = {"failure": "failures", "error": "errors"}.get(kind, kind)
        assert len(list(root.iter(kind))) == sum(int(suite.get(attribute)) for suite in root)
        assert root.get(attribute) in {str(len(list(root.iter(kind)))), None}
    assert int(root.get("tests")) == len(list(root.iter("testcase")))
    assert len(list(root.iter("failure"))) == len(samples.broken().problems) > 1
    first = root[0][0]
    assert first.find("failure").get("message").startswith("The kernel's page size")
    assert "getconf PAGESIZE" in first.find("failure").text


#: The attributes that Jenkins' schema (junit-10.xsd) has; its plug-in refuses a file with others.
JENKINS = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped", "timestamp", "hostname", "id", "package"},
    "testcase": {"name", "time", "classname", "group"},
    **dict.fromkeys(("failure", "error", "skipped"), frozenset({"type", "message"})),
    **dict.fromkeys(("system-out", "system-err"), frozenset()),
}


@pytest.mark.parametrize("make", samples.ALL)
def test_junit_has_what_the_schema_of_jenkins_has(make):
    for element in ET.fromstring(junit.render(make())).iter():
        assert not element.attrib.keys() - JENKINS[element.tag]


def test_junit_fails_only_where_the_command_does():
    assert not list(ET.fromstring(junit.render(samples.fell_back())).iter("failure"))
    assert list(ET.fromstring(junit.render(samples.all_failed())).iter("failure"))


def test_annotations_are_one_line_each_and_escaped_as_github_reads_them():
    text = github.render(CHECKED)
    head, *commands = text.splitlines()
    assert not head.startswith("::")
    assert all(re.match(r"::(error|warning|notice) title=[^:,\r\n]*::[^\r\n]+$", line) for line in commands)
    hostile = next(line for line in commands if "::PKG001" not in line and "title=PKG001 x-y" in line)
    said = hostile.partition("::")[2].partition("::")[2]
    assert "%25 , : " in said
    assert "%0A" in said
    assert "\x1b" not in text
    levels = [line.split()[0] for line in commands if re.match(r"::\w+ title=\w{3}\d{3} ", line)]
    assert levels[0] == "::error"


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_breaks_no_format(name):
    text = rendered(name, CHECKED)
    assert "\x1b" not in text
    if name in {"json", "sarif"}:
        json.loads(text)
    elif name == "junit":
        ET.fromstring(text)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_ignored_is_told_with_its_reason_and_counts_as_no_problem(name):
    ignored = Ignored(finding=samples.TWO_FOLDERS, reason="we know of it")
    note = "PKG002 is ignored (we know of it): protobuf has two metadata folders."
    text = rendered(name, dataclasses.replace(samples.fine(), ignored=(ignored,), notes=(note,)))
    assert "PKG002" in text
    assert "we know of it" in text
    if name == "sarif":
        (result,) = json.loads(text)["runs"][0]["results"]
        assert result["suppressions"] == [{"kind": "external", "justification": "we know of it"}]
    if name == "junit":
        assert ET.fromstring(text).get("failures") == "0"


def large(count):
    def finding(number):
        excerpt = "\n".join(f"line {line} of {number} " + "x" * 60 for line in range(60))
        return dataclasses.replace(
            samples.TWO_FOLDERS, subject=f"package{number}", evidence=(Evidence(source="/a", excerpt=excerpt),)
        )

    return dataclasses.replace(samples.broken(), findings=tuple(map(finding, range(count))))


@pytest.mark.slow
@pytest.mark.parametrize("count", [20, 60, 300])
def test_a_long_report_fits_an_issue_and_still_names_every_finding(count):
    text = markdown.render(large(count))
    assert len(text) <= markdown.MOST == 65_536
    assert text.index("Shortened to what an issue takes") < 500
    assert "`envdoctor report" not in text  # which would be about another Python than the one asked for
    assert all(f"package{number}" in text for number in range(count))
    assert text.count("<details") == text.count("</details>")
    assert len(re.findall(r"^`{3,}", text, re.MULTILINE)) % 2 == 0


@pytest.mark.slow
def test_what_fits_in_no_way_is_cut_between_parts_and_says_so():
    text = markdown.render(large(2000))
    assert len(text) <= markdown.MOST
    assert re.search(r"\d+ parts left out\.$", text.strip())


def test_failures_come_before_passes_in_markdown():
    text = markdown.render(samples.broken())
    order = ["4 errors and 2 warnings", "HST002", "PKG001", "PYT001", "checks passed", "What was looked at"]
    places = [text.index(word) for word in order[:1]] + [text.index("<b>PKG001</b>"), text.index("`PYT001`")]
    assert places == sorted(places)
    assert text.index("`PYT001`") < text.index("passed</summary>") < text.index("What was looked at")


def test_an_unknown_check_is_an_error_in_junit_and_a_warning_on_github():
    probe = samples.result("HST009", "a-b", Outcome.UNKNOWN, reason="why")
    report = dataclasses.replace(samples.fine(), probes=(probe,))
    assert ET.fromstring(junit.render(report)).find(".//error").get("message").endswith("Could not find out: why")
    assert "::warning title=HST009 a-b (no answer)::" in github.render(report)
