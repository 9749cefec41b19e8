"""`envdoctor report`: whole, without names, written at once, and sent nowhere."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from envdoctor.cli import main
from sites import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def carol(tmp_path, monkeypatch):
    """A user whose name, home and token would show in every report."""
    home = tmp_path / "home" / "carol"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("LOGNAME", "carol")
    monkeypatch.setenv("INDEX_TOKEN", "opensesame")
    monkeypatch.chdir(home)
    return home


@pytest.fixture(autouse=True)
def examined(bare, monkeypatch):
    """What is examined where nothing is named."""
    monkeypatch.setenv("VIRTUAL_ENV", bare)


@pytest.fixture
def python(carol):
    """An interpreter inside the home folder."""
    import venv

    venv.create(carol / "opensesame-env", symlinks=os.name != "nt")
    return carol / "opensesame-env"


def test_it_prints_markdown_without_names_and_says_what_it_took_out(python, capsys):
    assert main(["report", "--python", str(python)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("### envdoctor ")
    assert "~/\\*\\*\\*\\*-env" in captured.out
    assert "carol" not in captured.out
    assert "opensesame" not in captured.out
    assert "Taken out: home folder (" in captured.err
    assert "Nothing was sent" in captured.err


def test_it_holds_the_machine_and_what_is_installed(python, capsys):
    Site(next(python.glob("lib/python*/site-packages"))).install("mypackage", "1.5")
    assert main(["report", "--python", str(python), "--format", "json"]) == 0
    subject = json.loads(capsys.readouterr().out)["subject"]
    assert {"python", "system", "memory", "packages"} <= subject.keys()
    assert "mypackage 1.5" in subject["packages"]


def test_nothing_leaves_the_machine(monkeypatch, capsys):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert main(["report"]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "start"),
    [("r.md", "### envdoctor"), ("r.html", "<!DOCTYPE html>"), ("r.json", "{\n"), ("r", "### envdoctor")],
)
def test_the_suffix_tells_the_format(tmp_path, capsys, name, start):
    assert main(["report", "--output", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_routes_to_a_goal_belong_into_it(capsys):
    model = Path(__file__).parents[2] / "examples" / "digits" / "digits.keras"
    assert main(["report", str(model), "--to", "ethos-u55-128", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["command"] == "report"
    assert report["probes"]
    assert "tf-int8+vela" in [route["name"] for route in report["routes"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.keras"], "a model needs a goal"),
        (["--format", "pdf"], "there is no report format 'pdf'"),
        (["--to", "edgetpuu"], "did you mean edgetpu"),
        (["--output", "no/such/folder/r.md"], "name a file that can be written"),
    ],
)
def test_a_wrong_request_is_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["r.svg", "r.txt", "r.pdf", "r.md.bak"])
def test_a_suffix_that_tells_no_format_writes_nothing(name, tmp_path, capsys):
    assert main(["report", "--output", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert ".html, .htm" in said or "there are no operators to draw" in said
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_a_report_without_a_model_is_an_error(capsys):
    assert main(["report", "--format", "svg"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert "envdoctor model FILE" in captured.err
