"""pip's setting `constraint`, which every install is held to, by those who choose and judge versions."""

import pytest

from printed import as_json

HERE = ("--platform", "linux-x86_64", "--python", "3.11")


@pytest.fixture
def limits(tmp_path, monkeypatch, server):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "limits.txt").write_text("app<2  # the build breaks\n")
    (tmp_path / "r.txt").write_text("app\n")
    monkeypatch.setenv("PIP_CONSTRAINT", "limits.txt")
    return tmp_path / "limits.txt"


def test_a_lock_is_held_to_it(run, limits):
    code, printed = run("lock", "app", *HERE, "-o", "pylock.toml")
    assert code == 0
    text = (limits.parent / "pylock.toml").read_text()
    assert 'version = "1.0"' in text
    assert 'version = "2.0"' not in text
    assert "held to limits.txt" in " ".join((printed.out + printed.err).split())
    _, judged = as_json(run, "check", "-r", "pylock.toml", *HERE)  # in which versions stand, whatever the limits
    assert (judged["sets"][0]["verdict"], judged["notes"]) == ("SOUND", [])


def test_a_requirements_file_and_a_table_are_held_to_it(run, limits):
    _, judged = as_json(run, "check", "-r", "r.txt", *HERE)
    assert judged["sets"][0]["pins"][0] == "app==1.0"
    _, table = as_json(run, "matrix", "app", "--resolve-only", *HERE)
    verdicts = {cell["version"]: cell["verdict"] for cell in table["cells"]}
    assert (verdicts["1.0"], verdicts["2.0"]) == ("RESOLVES", "CONFLICTS")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("https://localhost:1/limits.txt", "names an address, https://localhost:1/limits.txt"),
        ("gone.txt", "The constraints gone.txt can't be read"),
    ],
)
def test_one_that_is_not_read_is_told(run, limits, monkeypatch, place, words):
    del limits
    monkeypatch.setenv("PIP_CONSTRAINT", place)
    code, printed = run("lock", "app", *HERE)
    assert code == 2
    assert words in printed.err
