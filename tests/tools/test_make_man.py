"""The man pages: one a command, which man shows without a complaint."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from needs import needing

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("make_man", ROOT / "tools/make_man.py")
make_man = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_man)
PAGES = make_man.pages()


def test_there_is_a_page_for_each_command():
    assert {
        "envdoctor.1",
        "envdoctor-check.1",
        "envdoctor-toolchain-install.1",
        "envdoctor-completion.1",
    } <= PAGES.keys()


def test_a_page_has_what_a_reader_looks_for():
    page = PAGES["envdoctor-check.1"]
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"):
        assert f"\n.SH {section}\n" in page
    assert "\\-\\-only" in page
    assert "\n.SH COMMANDS\n" in PAGES["envdoctor.1"]


def test_no_text_is_taken_for_a_request():
    assert make_man._text(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert make_man._text("'a \\b") == "\\&'a \\eb"


@needing("mandoc")
def test_mandoc_finds_no_fault(tmp_path):
    make_man.write(tmp_path)
    command = ["mandoc", "-T", "lint", "-W", "warning", *sorted(map(str, tmp_path.iterdir()))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    said = (done.stdout + done.stderr).splitlines()
    assert [line for line in said if "missing date" not in line] == []  # a page is of its version, not of a day


@pytest.mark.slow
@needing("man", "groff")
@pytest.mark.parametrize("name", ["envdoctor-completion.1", "envdoctor-build.1"])
def test_man_shows_it(tmp_path, name, monkeypatch):
    make_man.write(tmp_path)
    monkeypatch.setenv("MANWIDTH", "100")
    monkeypatch.setenv("MANPAGER", "cat")
    done = subprocess.run(
        ["man", "--warnings=w", "-l", str(tmp_path / name)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert "NAME" in done.stdout
