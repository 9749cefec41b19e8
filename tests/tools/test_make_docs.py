"""The pages made from the program are what the program is now."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.core.errors import ExitCode

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def docs():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        yield load()


def load():
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_docs_are_up_to_date():
    """In a process of its own, as `make docs` does it: click remembers how a command was called first."""
    checked = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", ""), "run `make docs`"


@pytest.mark.slow
def test_writing_mends_what_is_missing_changed_or_left_over(docs, tmp_path):
    docs.write(tmp_path)
    assert docs.outdated(tmp_path) == []
    (tmp_path / "codes" / "HST004.md").write_text("changed")
    (tmp_path / "codes" / "XYZ999.md").write_text("left over")
    (tmp_path / "report-schema.json").unlink()
    assert docs.write(tmp_path) == ["codes/HST004.md", "codes/XYZ999.md", "report-schema.json"]
    assert docs.outdated(tmp_path) == []


@pytest.mark.slow
def test_pages_hold_what_they_are_about(docs):
    pages = docs.pages()
    assert "# HST004: The C library is older than current wheels need" in pages["codes/HST004.md"]
    assert "- [RUN010](RUN010.md)" in pages["codes/index.md"]
    assert "## envdoctor env remove\n" in pages["commands.md"]
    assert "| `edgetpu` | a Coral Edge TPU | edgetpu-tflite |" in pages["goals.md"]
    assert json.loads(pages["report-schema.json"])["$ref"] == "#/$defs/Report"


def test_links_between_pages_lead_somewhere():
    for page in (ROOT / "docs").rglob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == {int(code) for code in ExitCode}
