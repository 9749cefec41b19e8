"""Markdown for bug trackers: nothing in it breaks out, mentions a person or is lost."""

from __future__ import annotations

import re

import pytest

import sample_reports as samples
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.report import Report
from envdoctor_reports import markdown


def test_the_outcome_comes_first_and_findings_are_open():
    text = markdown.render(samples.broken())
    outcome, detail = text.index("4 errors and 2 warnings"), text.index("PKG001")
    assert outcome < detail
    assert "<details open><summary>❌ <b>PKG001</b> tensorflow 2.21.0 needs protobuf&gt;=6.31" in text
    assert "```text\nRequires-Dist: protobuf<8.0.0,>=6.31.1\n```" in text
    assert "```sh\n/home/alice/venv/bin/python -m pip install 'protobuf>=6.31.1,<8.0.0'\n```" in text
    assert "<details><summary>1 check passed</summary>" in text
    assert "- ❔ `PYT001` Python too new? Could not find out" in text


def test_a_build_tells_its_attempts_numbers_and_artifacts():
    text = markdown.render(samples.fell_back())
    assert "❌ Route tf-int8+vela failed at tf-int8" in text
    assert "| litert-int8 | done | 4.5 s | 299.0 MiB |" in text
    assert "| Max abs difference | 0.0272 |" in text
    assert re.search(r"\| vela-tflite \| build/digits\\_int8\\_vela.tflite \| \w{64} \|", text)
    assert "# litert-quantizer==0.11.0" in text
    assert "| Reasons | 1 MEAN: 4D<br>1 PAD: 5D |" in text


def test_routes_come_with_reasons_and_commands():
    text = markdown.render(samples.routes_blocked())
    assert "#### ⚠️ 1. tf-int8+edgetpu: needs a step" in text
    assert "sudo apt-get install edgetpu-compiler" in text


@pytest.mark.parametrize("make", samples.ALL)
def test_parts_that_open_also_close(make):
    text = markdown.render(make())
    assert text.count("<details") == text.count("</details>")
    assert len(re.findall(r"^`{3,}", text, re.MULTILINE)) % 2 == 0


def test_hostile_text_stays_in_its_place():
    nasty = "</details>```\n````\n<script>x</script> @torvalds fixes #123 | [x](y) \x1b[2J `code`"
    finding = Finding(
        severity=Severity.ERROR,
        subject="s",
        message=nasty,
        evidence=(Evidence(source=nasty, excerpt=nasty),),
        fix=Fix(text=nasty, commands=(("echo", nasty),), link="javascript:alert(1)"),
        code="PKG001",
    )
    report = Report(
        command="check", version="1", created="now", subject={"a": nasty}, findings=(finding,), notes=(nasty,)
    )
    text = markdown.render(report)
    outside = _without_code(text)
    assert "<script>" not in outside
    assert outside.count("</details>") == text.count("<details")
    assert "@torvalds" not in outside
    assert "#123" not in outside
    assert "\x1b" not in text
    assert not [line for line in outside.split("\n") if "[x](y)" in line and not line.startswith("<details")]
    assert "](javascript" not in text


def _without_code(text):
    """What a renderer takes for text: fenced blocks, code spans and code elements left out."""
    text = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    return re.sub(r"<code>.*?</code>", "", text)
