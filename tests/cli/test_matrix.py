"""`envdoctor matrix`, end to end on an index double."""

from __future__ import annotations

import os

import pytest

from index_wheels import publish
from printed import as_json
from tiny_wheels import HERE

pytestmark = pytest.mark.slow


def test_the_table_as_json(run):
    code, found = as_json(run, "matrix", "app", "--platform", "macos-arm64,linux-x86_64", "--python", "3.11")
    assert code == 0
    cells = {(cell["version"], cell["target"]): cell["verdict"] for cell in found["cells"]}
    assert cells == {
        ("2.0", "macos-arm64-cp311"): "NO-WHEEL",
        ("2.0", "linux-x86_64-cp311"): "SOUND",
        ("1.0", "macos-arm64-cp311"): "SOUND",
        ("1.0", "linux-x86_64-cp311"): "SOUND",
    }
    reasons = next(cell["reasons"] for cell in found["cells"] if cell["verdict"] == "NO-WHEEL")
    assert (reasons[0]["kind"], reasons[0]["path"]) == ("other-wheels", ["app==2.0", "lib==2.0"])


def test_much_work_is_told_before_it_begins(run, monkeypatch):
    monkeypatch.setattr("envdoctor.doctor.matrix._SECONDS_TO_RESOLVE", 30)
    words = ("matrix", "app", "--platform", "macos-arm64,linux-x86_64", "--python", "3.11", "--resolve-only")
    told = run(*words)[1].err
    assert told.startswith("envdoctor: 4 cells are ahead: about 2 min 0 s, unless most of it is in the cache")
    assert "ahead" not in run(*words)[1].err, "the cache has it all"


def test_a_time_limit_leaves_cells_unknown_and_says_how_to_get_at_them(run):
    words = ("matrix", "app", "--platform", "macos-arm64,linux-x86_64", "--python", "3.11", "--time-limit", "1e-9")
    code, found = as_json(run, *words)
    assert code == 1
    assert {cell["verdict"] for cell in found["cells"]} == {"UNKNOWN"}
    (note,) = found["notes"]
    assert note.startswith("4 cells, from version 2.0 down, could not be begun within 1e-06 ms. Run it again: what is")


def test_resolve_only_says_no_more_than_was_looked_at(run):
    code, found = as_json(run, "matrix", "app", "--platform", "linux-x86_64", "--python", "3.11", "--resolve-only")
    assert code == 0
    assert {cell["verdict"] for cell in found["cells"]} == {"RESOLVES"}


def test_as_of_a_day(run):
    _, found = as_json(run, "matrix", "app", "--platform", "linux-x86_64-cp311", "--as-of", "2025-03-01")
    assert found["versions"] == ["1.0"]
    assert found["as_of"] == "2025-03-02T00:00:00+00:00"


def test_the_table_for_people(run):
    code, printed = run("matrix", "app", "--explain", "macos-arm64-cp311")
    assert code == 0
    lines = printed.out.splitlines()
    assert "  2.0      NO-WHEEL" in lines
    assert "  1.0      SOUND" in lines
    assert any("lib 2.0: no wheel for this target: none for macOS arm64 (13.0)" in line for line in lines)
    assert "  NO-WHEEL  wheels for other platforms or Pythons only" in lines
    assert "1.0 is the newest that is sound for Python 3.11" in " ".join(printed.out.split())


def test_the_tree_with_every_blocker(run, server):
    publish(server, "top", "1.0", requires=["app==2.0", "absent"])
    _, printed = run("matrix", "top", "--explain", "macos-arm64-cp311")
    assert "top==1.0 -> 1.0" in printed.out
    assert "no index has a package called absent" in " ".join(printed.out.split())
    assert "other-wheels: lib 2.0" in " ".join(printed.out.split())


def test_companions_and_constraints(run, server, tmp_path):
    publish(server, "other", "1.0", requires=["lib<2"])
    where = ("--platform", "linux-x86_64", "--python", "3.11", "--resolve-only")
    _, found = as_json(run, "matrix", "app", "other", *where)
    assert [cell["verdict"] for cell in found["cells"]] == ["CONFLICTS", "RESOLVES"]
    (tmp_path / "c.txt").write_text("lib<2\n")
    _, found = as_json(run, "matrix", "app", "-c", str(tmp_path / "c.txt"), *where)
    assert [cell["verdict"] for cell in found["cells"]] == ["CONFLICTS", "RESOLVES"]


def test_offline_needs_what_was_asked_before(run, server):
    where = ("matrix", "app", "--platform", "linux-x86_64", "--python", "3.11")
    code, printed = run(*where, "--offline")
    assert code == 1
    assert "--offline" in printed.err
    as_json(run, *where)
    asked = len(server.seen)
    _, found = as_json(run, *where, "--offline")
    assert {cell["verdict"] for cell in found["cells"]} == {"SOUND"}
    assert len(server.seen) == asked


def test_a_failing_network_says_nothing_about_the_package(run, server):
    server.fail("/simple/app/", 500)
    code, printed = run("matrix", "app")
    assert code == 1
    assert "HTTP 500" in printed.err


@pytest.mark.parametrize("command", ["matrix", "inspect"])
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("PIP_INDEX_URL=banana", "pip's setting index-url is 'banana'"),
        ("PIP_NO_INDEX=1", "There is nowhere to look: pip's setting no-index is on"),
    ],
)
def test_settings_that_name_no_place_say_nothing_about_the_package(run, monkeypatch, command, setting, said):
    monkeypatch.setenv(*setting.split("="))
    code, printed = run(command, "app")
    assert (code, printed.out, said in printed.err) == (2, "", True)


def test_a_package_of_later_was_not_there_on_the_day(run):
    code, printed = run("matrix", "app", "--as-of", "2024-12-31")
    assert code == 2
    assert "nothing that the index has of app today was there at the end of 2024-12-31 (utc)" in printed.err.lower()


def test_no_version_anywhere_is_a_problem(run):
    code, _ = run("matrix", "app==2.0", "--platform", "macos-arm64", "--python", "3.11")
    assert code == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["absent"], "no index has a package called absent"),
        (["app", "--platform", "amiga"], "'amiga'"),
        (["app", "--python", "four"], "is no python"),
        (["app", "--as-of", "soon"], "is no date"),
        (["app", "--platform", "win32", "--explain", "macos-arm64"], "not among the columns"),
        (["app=1"], "is no requirement"),
    ],
)
def test_what_is_not_understood(run, words, reason):
    code, printed = run("matrix", *words)
    assert code == 2
    assert reason in printed.err.lower()


def test_files_without_an_upload_time_are_told(run, server):
    publish(server, "app", "3.0")
    publish(server, "top", "1.0", requires=["undated"], uploaded="2025-01-01T00:00:00Z")
    publish(server, "undated", "1.0")
    where = ("--platform", "linux-x86_64", "--python", "3.11", "--as-of", "2025-07-01")
    assert "Left out, since the index tells no upload time: 1 file of app." in run("matrix", "app", *where)[1].out
    said = " ".join(run("matrix", "top", *where)[1].out.split())
    assert "the index tells uv no upload time of undated-1.0-py3-none-any.whl, so that it was left out" in said


def test_what_is_installed_to_be_tried_counts_as_read(server, run, lone_python):
    publish(server, "big", "1.0", files={"big/__init__.py": b"", "big/data": os.urandom(300_000)})
    words = ("matrix", "big==1.0", "--platform", "here", "--python", HERE, "--verify")
    code, printed = run(*words, "--max-download", "250K", "-v")
    assert code == 0
    assert "Not tried: big==1.0 with what it needs was not read" in " ".join(printed.out.split())
    assert sum(one.sent for one in server.requests_for("/files/big/big-1.0-py3-none-any.whl")) < 250_000


def test_a_platform_that_can_not_be_tried_here_is_told(run, lone_python):
    _, printed = run("matrix", "app==1.0", "--platform", "windows-arm64", "--python", "3.11", "--verify")
    assert "Not tried, since this machine can't run what is for windows-arm64." in printed.out


def test_a_python_that_does_not_count_is_told(run):
    _, printed = run("matrix", "app", "--platform", "colab,linux-x86_64", "--python", "3.11", "--resolve-only")
    said = "colab says its Python, cp312, so that --python does not count there; for another write colab-cp311."
    assert said in " ".join(printed.out.split())
    _, printed = run("matrix", "app", "--platform", "colab-cp311,linux-x86_64", "--python", "3.11", "--resolve-only")
    assert "does not count" not in printed.out


def test_a_table_ends_with_the_command_that_tells_all_of_a_cell(run):
    _, printed = run("matrix", "app", "lib", "--platform", "macos-arm64", "--python", "3.11", "--as-of", "2025-07-01")
    lines = printed.out.splitlines()
    command = lines[lines.index("All that stands in the way of one cell:") + 1].split()
    assert command[1:4] == ["matrix", "app==2.0", "lib"]
    code, explained = run(*command[1:])
    assert code == 1
    assert "2.0 on macos-arm64-cp311: NO-WHEEL" in explained.out


def test_what_could_not_be_tried_is_told(run, lone_python):
    code, printed = run("matrix", "app==1.0", "--platform", "here", "--python", "pp37", "--verify")
    assert code == 0
    assert "  1.0      SOUND" in printed.out.splitlines()
    assert "Not tried, since there is no such Python here: pp37." in printed.out


def test_of_pre_releases_the_newest_is_named(run, server):
    words = ("matrix", "app", "--pre", "--platform", "linux-x86_64", "--python", "3.11", "--resolve-only")
    assert as_json(run, *words)[1]["notes"] == ["None of these versions is a pre-release."]
    publish(server, "early", "1.0rc1")
    publish(server, "early", "2.0")
    assert "The newest pre-release is 1.0rc1." in as_json(run, words[0], "early", *words[2:])[1]["notes"]
