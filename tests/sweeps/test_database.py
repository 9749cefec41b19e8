"""The history's file: what is no history stays as it is and is told in a sentence."""

import errno
import os
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.core.sweep import Ending, Judgment, State, SweepRow
from envdoctor.sweeps import database
from envdoctor.sweeps.database import default_database, open_database

FOUND = Judgment(subject="pkg", version="1.0", target="t", verdict="BROKEN", state=State.BROKEN, message="why")


def row(**said):
    values = {"kind": "wheels", "key": "k", "item": "pkg.whl", "ending": Ending.JUDGED, "found": FOUND}
    return SweepRow(**(values | {"measured": "2026-01-01T00:00:00.000000+00:00", "is_new": False} | said))


def test_rows_come_back_as_they_were_kept_the_newest_alone(tmp_path):
    older, newer = row(), row(measured="2026-02-01T00:00:00.000000+00:00", item="\udcff.whl")
    with open_database(tmp_path / "made" / "h.sqlite", write=True) as database:
        database.add([older])
        database.add([newer, row(key="other")])
    with open_database(tmp_path / "made" / "h.sqlite", write=False) as database:
        assert [one.measured for one in database.newest("wheels", "k")] == [newer.measured]
        assert database.newest("wheels", "k")[0].item == "\\udcff.whl"
        assert database.newest("models", "k") == ()
        assert database.about("pkg")[0] == older
        assert len(database.about()) == 3
        assert database.about("nobody") == ()


def test_a_row_that_can_not_be_kept_keeps_none(tmp_path):
    with open_database(tmp_path / "h", write=True) as database:
        with pytest.raises(UsageProblem):
            database.add([row(), row(seconds=None)])
        assert database.about() == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no database" * 100, "damaged or no history"), (b"SQLite format 3\0" + b"\xff" * 2000, "h.sqlite")],
)
def test_a_broken_file_is_told_and_stays(tmp_path, content, words):
    file = tmp_path / "h.sqlite"
    file.write_bytes(content)
    with pytest.raises(UsageProblem, match=words), open_database(file, write=True):
        pass
    assert file.read_bytes() == content


def test_another_programs_database_is_told_and_stays(tmp_path):
    file = tmp_path / "theirs.sqlite"
    with sqlite3.connect(file) as theirs:
        theirs.execute("CREATE TABLE results (a)")
    theirs.close()
    before = file.read_bytes()
    with pytest.raises(UsageProblem, match="another program"), open_database(file, write=True):
        pass
    assert file.read_bytes() == before


def test_a_newer_schema_is_told(tmp_path):
    file = tmp_path / "h"
    with open_database(file, write=True):
        pass
    with sqlite3.connect(file) as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(UsageProblem, match="newer envdoctor"), open_database(file, write=True):
        pass


def test_no_history_and_a_folder_in_its_place_are_told(tmp_path):
    with pytest.raises(UsageProblem, match="no history"), open_database(tmp_path / "h", write=False):
        pass
    with pytest.raises(UsageProblem, match="can't be used"), open_database(tmp_path, write=True):
        pass


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_regular_file_is_no_history(tmp_path, kind, write):
    file = tmp_path / "h.sqlite"
    {"folder": file.mkdir, "pipe": lambda: os.mkfifo(file), "device": lambda: file.symlink_to("/dev/zero")}[kind]()
    with pytest.raises(UsageProblem, match="it is no regular file"), open_database(file, write=write):
        pass


def test_a_history_that_another_program_is_writing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("envdoctor.sweeps.database._PATIENCE", 0.0)
    file = tmp_path / "h"
    with open_database(file, write=True) as database:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UsageProblem, match="another program is writing"):
            database.add([row()])
        other.close()


def test_the_users_own_is_named_by_a_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "x"))
    assert default_database() == tmp_path / "x"
    monkeypatch.delenv("ENVDOCTOR_HISTORY")
    assert default_database().name == "history.sqlite"


@pytest.mark.parametrize(
    ("said", "number"), [("disk I/O error", errno.EIO), ("database or disk is full", errno.ENOSPC)]
)
def test_a_full_or_broken_disk_is_no_fault_of_the_request(tmp_path, monkeypatch, said, number):
    def refuse(*_, **__):
        raise sqlite3.OperationalError(said)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(OSError, match=r"h\.sqlite") as caught, open_database(tmp_path / "h.sqlite", write=True):
        pass
    assert caught.value.errno == number


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a limit on files as Linux has it")
def test_a_history_that_can_not_be_begun_leaves_no_empty_file(tmp_path):
    code = (
        "import sys; from pathlib import Path; from envdoctor.sweeps.database import open_database\n"
        "with open_database(Path(sys.argv[1]), write=True):\n    pass"
    )
    script = 'ulimit -f 0; exec "$0" -B -c "$1" "$2"'
    argv = ["sh", "-c", script, sys.executable, code, str(tmp_path / "h.sqlite")]
    assert "OSError" in subprocess.run(argv, capture_output=True, text=True, check=False).stderr
    assert list(tmp_path.iterdir()) == []


def test_who_only_reads_makes_no_history_of_an_empty_file(tmp_path):
    (tmp_path / "h.sqlite").touch()
    with pytest.raises(UsageProblem, match="no history"), open_database(tmp_path / "h.sqlite", write=False):
        pass
    assert (tmp_path / "h.sqlite").read_bytes() == b""


def test_two_that_make_a_history_at_once_both_go_on(tmp_path, monkeypatch):
    """The other was quicker, after we had looked."""
    prepare = database._prepare

    def overtaken(held, file, *, write):
        class Late:
            def execute(self, words):
                found = held.execute(words).fetchone()
                if "sqlite_master" in words:
                    monkeypatch.setattr(database, "_prepare", prepare)
                    with open_database(file, write=True) as other:
                        other.add([row()])
                return SimpleNamespace(fetchone=lambda: found)

            def executescript(self, words):
                return held.executescript(words)

        prepare(Late(), file, write=write)

    monkeypatch.setattr(database, "_prepare", overtaken)
    with open_database(tmp_path / "h.sqlite", write=True) as ours:
        ours.add([row(key="k2")])
        assert len(ours.about()) == 2
