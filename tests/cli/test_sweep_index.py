"""`envdoctor sweep index`, on an index double: only new releases, each once."""

import pytest

from index_wheels import publish
from printed import as_json

WORDS = ("sweep", "index", "--packages", "packages.txt", "--platform", "linux-x86_64,macos-arm64", "--python", "3.11")
BROKEN = {"lively/__init__.py": b"import nobody_has_this\n"}


@pytest.fixture
def folder(tmp_path, monkeypatch, server):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "history.sqlite"))
    (tmp_path / "packages.txt").write_text("lively\nlib\n")
    publish(server, "lively", "1.0", uploaded="2026-01-01T00:00:00Z")
    publish(server, "lively", "2.0", files=BROKEN, uploaded="2026-02-01T23:59:00Z")
    return tmp_path


@pytest.mark.slow
def test_only_new_releases_each_once_and_the_history_knows_since_when(run, server, folder):
    code, found = as_json(run, *WORDS, "--since", "2026-02-01")
    assert code == 1
    assert {(row["found"]["subject"], row["found"]["version"], row["found"]["state"]) for row in found["rows"]} == {
        ("lively", "2.0", "broken")
    }
    assert found["notes"] == ["lib: no release since 2026-02-01."]
    code, found = as_json(run, *WORDS, "--since", "2026-01-01")
    assert (found["items"], found["reused"]) == (2, 1)
    _, known = as_json(run, "history", "lively", "--platform", "macos-arm64")
    (answer,) = known["answers"]
    assert (answer["first_broken"], answer["last_fine"]) == ("2.0", "1.0")
    assert "released 2026-02-01" in answer["text"]


@pytest.mark.slow
def test_what_the_index_can_not_tell_is_a_row_and_never_fine(run, server, folder):
    publish(server, "undated", "1.0")
    (folder / "packages.txt").write_text("undated\nnobody\nlively<2\n")
    code, found = as_json(run, *WORDS, "--since", "2026-01-01")
    rows = {(row["found"]["subject"], row["ending"], row["found"]["state"]) for row in found["rows"]}
    assert code == 1
    assert rows == {
        *(("undated", "UNREADABLE", "unknown"), ("nobody", "UNREADABLE", "unknown"), ("lively", "JUDGED", "fine")),
    }


def test_nothing_new_is_fine(run, server, folder):
    code, found = as_json(run, *WORDS, "--since", "2026-03-01")
    assert (code, found["rows"], len(found["notes"])) == (0, [], 2)


@pytest.mark.parametrize(
    ("words", "said"), [(("--since", "soon"), "no date"), (("--since", "2026-01-01", "--platform", "amiga"), "amiga")]
)
def test_nonsense_is_one_sentence(run, server, folder, words, said):
    code, printed = run(*WORDS, *words)
    assert (code, said in printed.err, printed.out) == (2, True, "")
