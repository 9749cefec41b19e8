"""`check`, `report` and `inspect --installed` look at the environment that is active, not at their own."""

import json
import os
import shutil
import venv

import pytest

from envdoctor.cli import main


@pytest.fixture
def active(tmp_path, monkeypatch):
    folder = tmp_path / "active"
    venv.create(folder, symlinks=os.name != "nt")
    monkeypatch.setenv("VIRTUAL_ENV", str(folder))
    return folder


@pytest.mark.slow
def test_check_looks_at_the_active_one_and_says_so_first(active, capsys):
    assert main(["check", "--only", "PKG"]) == 0
    first = capsys.readouterr().out.partition("\n\n")[0].replace("\n", " ")
    assert "chosen: VIRTUAL_ENV names it | passed over: " in first
    assert "(envdoctor's own)" in first


@pytest.mark.slow
def test_json_says_it_too(active, capsys):
    main(["check", "--only", "PKG", "--json"])
    subject = json.loads(capsys.readouterr().out)["subject"]
    assert subject["environment"] == str(active)
    assert subject["chosen"] == "VIRTUAL_ENV names it"
    assert "envdoctor's own" in subject["passed over"]


@pytest.mark.slow
def test_what_is_named_wins(active, tmp_path, capsys):
    venv.create(tmp_path / "named", symlinks=os.name != "nt")
    main(["check", "--only", "PKG", "--python", str(tmp_path / "named"), "--json"])
    subject = json.loads(capsys.readouterr().out)["subject"]
    assert subject["environment"] == str(tmp_path / "named")
    assert "chosen" not in subject


@pytest.mark.parametrize("words", [["check"], ["report"], ["inspect", "--installed", "pip"]])
def test_a_broken_one_is_told_and_never_passed_over(active, capsys, words):
    shutil.rmtree(active / ("Scripts" if os.name == "nt" else "bin"))
    assert main(words) == 2
    said = capsys.readouterr()
    assert f"{active} is examined since VIRTUAL_ENV names it; deactivate or remove it" in said.err
    assert "No problem" not in said.out


@pytest.mark.slow
def test_inspect_installed_looks_at_the_active_one(active, capsys):
    assert main(["inspect", "--installed", "click"]) == 2
    assert f"click is not installed in {active}" in capsys.readouterr().err
