"""What stands on the terminal, for whom, in which window and encoding."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import sys

import pytest

import sample_reports as samples
from envdoctor.core.finding import Evidence, Finding, Outcome, Severity
from envdoctor.core.report import Report
from envdoctor.support.text import quote_command
from envdoctor_reports import html, json, markdown, terminal

ESCAPE = re.compile(r"\x1b\[\d+m")


class Stream(io.TextIOWrapper):
    """A text stream of some encoding that may claim to be a terminal; it keeps the bytes."""

    def __init__(self, encoding, *, tty=False):
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._tty = tty

    def isatty(self):
        return self._tty

    def content(self):
        self.flush()
        return self.buffer.getvalue()


def lines(report, **options):
    return terminal.render(report, **options).splitlines()


def test_a_fine_machine_takes_a_line_a_group():
    shown = lines(samples.fine())
    assert "✓ Host                  2 checks passed" in shown
    assert "✓ Installed packages    2 checks passed" in shown
    assert shown[-1] == "✓ No problem found in 6 checks."
    assert not any("HST001" in line for line in shown)
    assert "  ✓ HST002 Ruled out: Page size too large." in lines(samples.fine(), verbose=True)


def test_a_broken_machine_shows_finding_proof_and_fix():
    shown = "\n".join(lines(samples.broken(), width=100))
    assert "✗ Installed packages    2 errors, 1 warning, 1 skipped, 1 noted" in shown
    assert (
        "  ✗ PKG002 protobuf has two metadata folders, so pip and Python see different versions of it.\n"
        f"      proof {samples.SITE}\n"
        "            protobuf-4.25.1.dist-info\n"
        "            protobuf-5.26.0.dist-info\n"
        "      fix   Reinstall it, so that one version is left.\n"
        "      run   /home/alice/venv/bin/python -m pip install --force-reinstall protobuf==5.26.0\n"
    ) in shown
    assert (
        "✗ 4 errors and 2 warnings in 11 checks; 4 of them got no answer: not everything could be looked at."
        in " ".join(shown.split())
    )


def test_what_could_not_be_looked_at_never_looks_fine():
    shown = "\n".join(lines(samples.broken()))
    assert "? Python                1 without an answer" in shown
    assert "? PYT001 Python too new? Could not find out: python: /opt/python3.15 did not" in shown
    assert "The check itself crashed: a bug of envdoctor" in shown
    assert "? NET001 Proxy in the way? Timed out: no answer within 60 s" in shown
    assert "? PKG004 skipped because of PKG001" in shown
    only_blind = dataclasses.replace(samples.fine(), probes=(samples.PASSED[0], blind()))
    (last,) = lines(only_blind, width=120)[-1:]
    assert last == "? No problem found in 2 checks; 1 of them got no answer: not everything could be looked at."
    assert lines(dataclasses.replace(only_blind, probes=(blind(),)))[-1].startswith("? Nothing is known")
    assert lines(dataclasses.replace(only_blind, probes=()))[-1] == "? Nothing was checked."


@pytest.mark.slow
def test_passed_noted_and_not_applicable_are_three_words():
    note = samples.finding("HST002", "x", severity=Severity.INFO, subject="pages", message="pages are large.")
    other = samples.result("HST003", "not-here", Outcome.DOES_NOT_APPLY, reason="this is not macOS")
    probes = (samples.PASSED[0], samples.result("HST002", "x", findings=(note,)), other)
    report = dataclasses.replace(samples.fine(), probes=probes)
    shown = lines(report, verbose=True)
    assert "✓ Host                  1 check passed, 1 noted, 1 does not apply" in shown
    assert "  · HST002 Noted: pages are large." in shown
    assert [line for line in shown if "HST002" in line] == ["  · HST002 Noted: pages are large."]
    assert "  · HST003 Does not apply: Not here? This is not macOS." in shown
    assert shown[-1] == "✓ No problem found in 2 checks."
    for text in (markdown.render(report), html.render(report)):
        assert "Ruled out: " in text
        assert "Noted: pages are large." in text
        assert "Does not apply: Not here?" in text
    assert '"does-not-apply"' in json.render(report)


def test_where_nothing_applies_nothing_was_checked():
    other = samples.result("HST003", "not-here", Outcome.DOES_NOT_APPLY, reason="this is not macOS")
    report = dataclasses.replace(samples.fine(), probes=(other,))
    assert lines(report)[-1] == "? Nothing was checked: no check applies here."


def blind():
    return samples.result("PYT001", "python-too-new", Outcome.UNKNOWN, reason="host: no answer")


def test_notes_and_whole_excerpts_wait_for_verbose():
    brief, full = "\n".join(lines(samples.broken())), "\n".join(lines(samples.broken(), verbose=True))
    assert "six has no RECORD" not in brief
    assert "six has no RECORD" in full
    assert "(6 more lines: -v)" in brief
    assert "numpy/core/file11.py" not in brief
    assert "numpy/core/file11.py" in full


def test_the_last_lines_lead_to_the_command_that_mends():
    report = dataclasses.replace(samples.broken(), command="check", subject={"python": "/an env/bin/python"})
    assert "envdoctor fix --python '/an env/bin/python'" in " ".join(lines(report))
    assert not any("envdoctor fix" in line for line in lines(dataclasses.replace(report, command="model")))


def test_many_findings_of_one_subject_have_a_line_each():
    alike = tuple(
        samples.finding("PKG001", "missing", subject="app", message=f"app requires lib{number}.")
        for number in range(18)
    )
    report = dataclasses.replace(samples.fine(), probes=(samples.result("PKG001", "missing", Outcome.FAILED, alike),))
    shown = lines(report)
    assert sum("PKG001  app requires" in line or "PKG001 app requires" in line for line in shown) == 15
    assert "3 more (-v): app (3)" in " ".join(shown)


def test_many_findings_alike_are_summed_up_with_their_names():
    alike = tuple(
        samples.finding("PKG003", "files-changed", subject=f"dist{number}", message=f"dist{number} is damaged.")
        for number in range(20)
    )
    report = dataclasses.replace(
        samples.fine(), probes=(samples.result("PKG003", "files-changed", Outcome.FAILED, alike),)
    )
    shown = " ".join(" ".join(lines(report)).split())
    assert "dist4 is damaged." in shown
    assert "dist5 is damaged." not in shown
    assert "PKG003 15 more (-v): dist5, dist6," in shown
    assert "dist19" in shown
    assert "dist19 is damaged." in " ".join(lines(report, verbose=True))


def test_an_error_without_proof_is_shown_as_a_warning():
    unproven = Finding(severity=Severity.ERROR, subject="x", message="x may be broken.", code="PKG001")
    shown = lines(dataclasses.replace(samples.fine(), findings=(unproven,)))
    assert "  ! PKG001 x may be broken." in shown
    assert "! 1 warning in 6 checks." in shown


def test_findings_of_an_unknown_family_are_shown_too():
    odd = samples.finding("XYZ001", "odd")
    assert any(line.startswith("✗ XYZ") for line in lines(dataclasses.replace(samples.fine(), findings=(odd,))))


def test_open_routes_are_ranked_and_the_best_can_be_copied():
    shown = lines(samples.routes_ready(), width=100)
    assert "✓ 1. tf-int8+vela: ready, sets itself up" in shown
    assert sum("TensorFlow is not installed: 335 MB to download; the build does that" in line for line in shown) == 1
    assert shown[-2:] == [
        "To take the best one, tf-int8+vela:",
        "    envdoctor build /home/alice/models/digits.keras --to ethos-u55-128 --calibration 'my samples.npz'",
    ]


def test_of_closed_routes_the_command_that_opens_the_best_is_told():
    shown = lines(samples.routes_blocked(), width=100)
    assert "! 1. tf-int8+edgetpu: needs a step" in shown
    assert "✗ 2. tf-int8+edgetpu@qemu: blocked: qemu-x86_64 crashes under a 16 KiB page size (EMU004)" in shown
    assert sum("run   sudo" in line for line in shown) == 1
    in_full = lines(samples.routes_blocked(), width=100, verbose=True)
    assert "     ✗ qemu-x86_64 crashes under a 16 KiB page size (EMU004)" in in_full
    assert sum("run   sudo" in line for line in in_full) == 2
    assert shown[-2:] == [
        "This command opens route 1, tf-int8+edgetpu:",
        "    sudo apt-get install edgetpu-compiler",
    ]


def test_many_routes_with_the_same_in_their_way_fit_on_a_screen():
    report = samples.routes_blocked()
    fixable = report.routes[0]
    many = tuple(dataclasses.replace(fixable, name=f"way{number}+edgetpu") for number in range(12))
    shown = lines(dataclasses.replace(report, routes=(*many, report.routes[1])))
    assert len(shown) <= 30
    assert all(sum(f"{route.name}:" in line for line in shown[:-3]) == 1 for route in many)
    in_full = lines(dataclasses.replace(report, routes=many), verbose=True)
    assert sum("run   sudo" in line for line in in_full) == 12


def test_where_nothing_helps_it_says_so():
    report = samples.routes_blocked()
    shown = lines(dataclasses.replace(report, routes=report.routes[1:]))
    assert shown[-1] == "No route can be opened on this machine."


def test_a_build_that_fell_back_tells_why_and_what_came_of_it():
    shown = lines(samples.fell_back(), width=100)
    assert "✗ Route tf-int8+vela failed at tf-int8" in shown
    assert "  ✗ RUN002 tf-int8: The TensorFlow converter was killed by SIGSEGV (signal 11)." in shown
    assert "      log   build/.envdoctor/logs/tf-int8.log" in shown
    assert "  not run: vela" in shown
    assert "✓ Route tf-float+litert-int8+vela, taken because tf-int8+vela failed" in shown
    assert "  litert-int8  done     4.5 s    299.0 MiB" in shown
    assert "    Max abs difference  0.0272" in shown
    assert "    CPU operators  2" in shown
    assert "    SRAM           20.0 KiB" in shown
    assert "    Clock          500 MHz" in shown
    assert "    Inference      0.025 ms" in shown
    assert shown[shown.index("    Reasons        1 MEAN: 4D") + 1].strip() == "1 PAD: 5D"
    assert "  build/digits_int8_vela.tflite  (vela-tflite)" in shown
    assert shown[-1] == "✓ Built build/digits_int8_vela.tflite"


def test_a_build_that_failed_ends_with_that():
    assert lines(samples.all_failed())[-1] == "✗ Nothing was built: the route failed."
    blocked = dataclasses.replace(samples.routes_blocked(), command="build")
    assert lines(blocked)[-1] == "✗ Nothing was built: no route is open."


def test_what_several_routes_failed_for_is_told_once():
    once = samples.fell_back()
    failed = once.attempts[0]
    twice = dataclasses.replace(once, attempts=(failed, failed))
    shown = lines(twice, width=120)
    assert sum("fix   " in line for line in shown) == sum(
        "fix   " in line for line in lines(samples.fell_back(), width=120)
    )
    assert sum("RUN002" in line for line in shown) == 2
    assert sum("(As above.)" in line for line in shown) == 1
    assert not any("(As above.)" in line for line in lines(twice, verbose=True))


def test_how_the_stages_were_run_waits_for_verbose():
    shown = "\n".join(lines(samples.fell_back(), verbose=True))
    assert "litert-quantizer 0.11.0" in shown
    assert "ran   /home/alice/.cache/envdoctor/envs/tensorflow/bin/python -I worker.py request.json" in shown


@pytest.mark.parametrize("make", samples.ALL)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_text_keeps_to_the_width_but_for_what_must_stay_whole(make, width):
    report = make()
    for line in lines(report, width=width, verbose=True):
        assert len(line) <= width or any(whole in line for whole in verbatim(report)), line


def verbatim(report):
    """The commands, excerpts, paths and links of a report."""
    results = [result for attempt in report.attempts for result in attempt.results]
    findings = [*report.problems, *(one for result in results for one in result.findings)]
    fixes = [one.fix for one in findings] + [reason.fix for route in report.routes for reason in route.reasons]
    yield "envdoctor build"
    yield from (line for one in findings for proof in one.evidence for line in proof.excerpt.split("\n"))
    yield from (proof.source for one in findings for proof in one.evidence)
    yield from (quote_command(argv) for fix in fixes if fix for argv in fix.commands)
    yield from (quote_command(argv) for result in results for argv in result.commands)
    yield from (fix.link for fix in fixes if fix and fix.link)
    yield from (str(result.log) for result in results)
    yield from (str(artifact.path) for artifact in report.artifacts)


@pytest.mark.parametrize("make", samples.ALL)
def test_ascii_alone_and_no_colours_where_asked(make):
    plain = terminal.render(make(), symbols=False)
    assert plain.isascii()
    assert "\x1b" not in plain
    colored = terminal.render(make(), symbols=False, color=True)
    assert "\x1b[" in colored
    assert ESCAPE.sub("", colored) == plain


def test_hostile_text_has_no_effect():
    nasty = "\x1b]0;owned\x07\x1b[2J[bold]x[/bold]\u202e\r\nsecond \x9b31m"
    finding = Finding(
        severity=Severity.ERROR, subject=nasty, message=nasty, evidence=(Evidence(source=nasty, excerpt=nasty),)
    )
    report = Report(
        command="check", version=nasty, created="", subject={nasty: nasty}, findings=(finding,), notes=(nasty,)
    )
    text = terminal.render(report)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold]x[/bold]" in text
    assert "\\x1b]0;owned\\x07" in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "cp437", "latin-1"])
def test_every_encoding_gets_the_whole_report(encoding, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    report = dataclasses.replace(samples.broken(), notes=("Grüße, 日本語 \udcff",))
    stream = Stream(encoding)
    terminal.write(report, stream=stream)
    text = stream.content().decode(encoding)
    assert "HST002" in text
    assert "\\udcff" in text
    assert ("日本語" in text) == (encoding == "utf-8")
    assert ("✗ Host" in text) == (encoding == "utf-8")


@pytest.mark.parametrize(
    ("environ", "tty", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colours_need_a_terminal_and_nobodys_no(environ, tty, expected):
    assert terminal.wants_color(Stream("utf-8", tty=tty), environ) is expected


@pytest.mark.slow
def test_it_imports_nothing_heavy():
    code = "import sys, envdoctor_reports.terminal; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"rich", "jinja2", "msgspec", "json", "click", "textwrap"} & set(result.stdout.split())
