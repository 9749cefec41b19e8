"""`envdoctor guard`, on an index double where a release turns unsound: told once, with what to pin."""

import json
import shutil

import pytest

from envdoctor.core.lock import LockRequest
from envdoctor.doctor.guard import guard
from index_wheels import publish
from printed import as_json
from uv_knowledge import know_this_python

WORDS = ("guard", "lively", "--platform", "linux-x86_64,macos-arm64", "--python", "3.11")
BROKEN = {"lively/__init__.py": b"import nobody_has_this\n"}


@pytest.fixture
def folder(tmp_path, monkeypatch, server):
    monkeypatch.chdir(tmp_path)
    publish(server, "lively", "1.0", uploaded="2026-01-01T00:00:00Z")
    return tmp_path


def next_day(folder):
    """The pages of the index are asked for anew."""
    shutil.rmtree(folder / "cache")
    know_this_python(folder / "cache/resolver/uv")


@pytest.mark.slow
def test_quiet_then_told_once_then_over(run, server, folder):
    code, found = as_json(run, *WORDS, "--as-of", "2026-01-05")
    assert (code, found["alarms"]) == (0, [])
    next_day(folder)
    publish(server, "lively", "2.0", files=BROKEN, uploaded="2026-02-01T00:00:00Z")
    files = ("--markdown", "issue.md", "--sarif", "guard.sarif")
    code, found = as_json(run, *WORDS, "--as-of", "2026-02-02", *files)
    (alarm,) = found["alarms"]
    assert code == 1
    assert (alarm["releases"], alarm["verdict"], alarm["is_new"]) == (["lively==2.0"], "BROKEN", True)
    assert alarm["targets"] == ["linux-x86_64-cp311", "macos-arm64-cp311"]
    assert alarm["since"].startswith("2026-02-01")
    assert alarm["pins"] == ["lively==1.0"]
    text = (folder / "issue.md").read_text()
    assert "`lively==2.0`" in text
    assert "- pin: `lively==1.0`" in text
    (result,) = json.loads((folder / "guard.sarif").read_text())["runs"][0]["results"]
    assert (result["level"], result["baselineState"]) == ("error", "new")

    code, found = as_json(run, *WORDS, "--as-of", "2026-02-03")
    assert (code, found["alarms"][0]["is_new"]) == (0, False)

    next_day(folder)
    publish(server, "lively", "3.0", uploaded="2026-03-01T00:00:00Z")
    code, found = as_json(run, *WORDS, "--as-of", "2026-03-02")
    assert (code, found["alarms"], len(found["over"])) == (0, [], 1)


@pytest.mark.slow
def test_what_can_not_be_looked_at_is_not_quiet_and_forgets_nothing(run, server, folder):
    publish(server, "lively", "2.0", files=BROKEN, uploaded="2026-02-01T00:00:00Z")
    assert run(*WORDS)[0] == 1
    before = (folder / "envdoctor-guard.json").read_text()
    next_day(folder)
    publish(server, "lively", "4.0")
    server.fail("/files/lively/lively-4.0-py3-none-any.whl", *[500] * 50)
    code, printed = run(*WORDS)
    assert code == 1
    assert "could not be looked at" in " ".join(printed.out.split())
    assert (folder / "envdoctor-guard.json").read_text() == before


@pytest.mark.parametrize("text", ["", "[]", '{"told": 1}', "\xff"])
def test_a_state_that_is_none_is_one_sentence_and_stays(run, folder, text):
    state = folder / "envdoctor-guard.json"
    state.write_bytes(text.encode("latin-1"))
    code, printed = run(*WORDS)
    assert code == 2
    assert "is no state of envdoctor guard" in " ".join(printed.err.split())
    assert state.read_bytes() == text.encode("latin-1")


def test_two_runs_at_once_keep_what_the_other_one_told(run, server, folder):
    """Each has read the state before the other one writes it."""
    publish(server, "other", "1.0", files={"other/__init__.py": b"import nobody_has_this\n"})
    publish(server, "lively", "2.0", files=BROKEN)
    ends = []
    for line in ("lively", "other"):
        asked = LockRequest(requirements=(line,), platforms="linux-x86_64", pythons="3.11")
        ends.append(guard(asked, folder / "both.json")[1])
    for end in ends:
        end()
    told = json.loads((folder / "both.json").read_text())["told"]
    assert [scope.partition(" ")[0] for scope in told] == ["lively", "other"]
    assert all(told.values())
