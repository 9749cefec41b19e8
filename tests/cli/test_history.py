"""`envdoctor history`: answers, a table, and a page, from a history that is there."""

import csv

import pytest

from envdoctor.core.sweep import Ending, Judgment, State, SweepRow
from envdoctor.sweeps.database import open_database
from printed import as_json

WHEN = "2026-01-02T00:00:00.000000+00:00"


def row(version, state, target, message=""):
    found = Judgment(subject="my-pkg", version=version, target=target, verdict=state.name, state=state, message=message)
    item = f"{version}-{target}"
    return SweepRow(
        kind="index",
        key=item,
        item=item,
        ending=Ending.JUDGED,
        found=found,
        measured=WHEN,
    )


@pytest.fixture
def history(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "history.sqlite"))
    with open_database(tmp_path / "history.sqlite", write=True) as database:
        database.add(
            [
                row("1.0", State.FINE, "macos-arm64-cp311"),
                row("2.0", State.BROKEN, "macos-arm64-cp311", "=cmd() needs <b>libx</b>"),
                row("2.0", State.BROKEN, "macos-arm64-cp312"),
                row("2.0", State.FINE, "linux-x86_64-cp311"),
                row("2.0", State.FINE, "edgetpu"),
            ]
        )
    return tmp_path


def test_since_when_is_it_broken_there(run, history):
    code, found = as_json(run, "history", "My_Pkg", "--platform", "macos-arm64-cp311")
    (answer,) = found["answers"]
    assert (code, answer["first_broken"], answer["last_fine"], answer["broken"]) == (1, "2.0", "1.0", ["2.0"])
    code, printed = run("history", "my-pkg", "--platform", "macos-arm64-cp311")
    assert "my-pkg is broken on macos-arm64-cp311 since 2.0" in " ".join(printed.out.split())


@pytest.mark.parametrize(
    ("platform", "targets", "expected"),
    [
        ("macos-arm64", {"macos-arm64-cp311", "macos-arm64-cp312"}, 1),
        ("linux-x86_64", {"linux-x86_64-cp311"}, 0),
        ("edgetpu", {"edgetpu"}, 0),
    ],
)
def test_a_platform_means_all_of_its_pythons(run, history, platform, targets, expected):
    code, found = as_json(run, "history", "my-pkg", "--platform", platform)
    assert ({one["target"] for one in found["answers"]}, code) == (targets, expected)


@pytest.mark.slow
def test_a_table_and_a_page_are_written(run, history):
    run("history", "--csv", "all.csv", "--html", "map.html")
    with (history / "all.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(one["version"], one["state"]) for one in rows if one["target"] == "macos-arm64-cp311"] == [
        *(("1.0", "fine"), ("2.0", "broken")),
    ]
    assert {one["message"] for one in rows} == {"", "'=cmd() needs <b>libx</b>"}
    page = (history / "map.html").read_text()
    assert "1 of 2 broken" in page
    assert "--heat: 25%" in page
    assert "<b>libx" not in page
    run("history", "my-pkg", "--html", "map.html")
    assert '<th scope="row">1.0</th>' in (history / "map.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "says nothing about nobody"),
        (("--platform", "windows-amd64"), "says nothing on windows-amd64"),
        (("--kind", "hosts"), "says nothing"),
        (("--db", "nowhere"), "no history"),
    ],
)
def test_nothing_known_is_one_sentence(run, history, words, said):
    code, printed = run("history", *words)
    assert (code, said in printed.err, printed.out) == (2, True, "")
