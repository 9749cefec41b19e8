"""`check` and `report` in formats for other programs: hidden first, written whole, and readable in poor places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from envdoctor.cli import main

pytestmark = pytest.mark.slow

ONLY = ("--only", "HST004,HST006,HST009")


@pytest.fixture(autouse=True)
def somebody(bare, tmp_path, monkeypatch):
    home = tmp_path / "home" / "carol"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("INDEX_TOKEN", "opensesame")
    monkeypatch.setenv("VIRTUAL_ENV", bare)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(home)
    return home


@pytest.mark.parametrize(
    ("name", "reads"),
    [("r.sarif", json.loads), ("r.sarif.json", json.loads), ("r.xml", ET.fromstring), ("r.html", str), ("r.md", str)],
)
def test_check_writes_a_file_and_prints_nothing(somebody, capsys, name, reads):
    code = main(["check", *ONLY, "--output", name])
    assert capsys.readouterr().out == ""
    assert code == main(["check", *ONLY])
    text = (somebody / name).read_text(encoding="utf-8")
    assert "HST004" in text or json.loads(text)["runs"]
    reads(text)
    assert {one.name for one in somebody.iterdir()} - {".cache"} == {name}


def test_annotations_are_printed_and_the_summary_is_added_to(somebody, capsys, monkeypatch):
    summary = somebody / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    main(["check", *ONLY, "--format", "github"])
    assert capsys.readouterr().out.startswith("envdoctor check: ")
    assert summary.read_text(encoding="utf-8").startswith("before\n### envdoctor ")


@pytest.mark.parametrize("name", ["markdown", "html", "json", "sarif", "junit", "github"])
def test_names_and_secrets_are_in_no_format(somebody, capsys, name):
    folder = somebody / "opensesame-env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    for command in (["check", *ONLY], ["report"]):
        main([*command, "--python", str(folder), "--format", name])
        text = capsys.readouterr().out
        assert text
        assert "opensesame" not in text
        assert "carol" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "--format", "sarfi"], "there is no report format 'sarfi'"),
        (["report", "--format", "sarfi"], "there is no report format 'sarfi'"),
        (["check", "--json", "--format", "html"], "contradict"),
        (["check", "--output", "r.pdf"], "tells no format"),
        (["report", "--since-failed-build"], "no build was made in build"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(words, said, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_json_of_check_by_format_is_that_of_json(capsys):
    main(["check", *ONLY, "--json"])
    one = json.loads(capsys.readouterr().out)
    main(["check", *ONLY, "--format", "json"])
    other = json.loads(capsys.readouterr().out)
    assert one.keys() == other.keys()
    assert one["summary"] == other["summary"]


@pytest.mark.skipif(os.name == "nt", reason="what is absent there is another thing on Windows")
def test_a_report_is_made_with_nothing_no_network_and_a_home_that_can_not_be_written(bare, tmp_path):
    """As on a machine with nothing installed: an empty PATH, no network, C locale, a narrow pipe.

    A home below a file can't be written to by root either.
    """
    (tmp_path / "file").write_text("")
    environment = {"HOME": str(tmp_path / "file" / "home"), "PATH": "", "LC_ALL": "C", "COLUMNS": "60", "TERM": "dumb"}
    environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "http_proxy": "http://127.0.0.1:9"}
    environment |= {"VIRTUAL_ENV": bare}
    for name in ("markdown", "html", "junit"):
        command = [sys.executable, "-m", "envdoctor", "report", "--format", name]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout
        done.stdout.decode("ascii" if name == "html" else "utf-8")
    assert {one.name for one in tmp_path.iterdir()} == {"file", "home"}
