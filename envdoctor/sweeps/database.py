"""The file that keeps what sweeps found: SQLite, in WAL mode, written by one process at a time.

Sources: https://www.sqlite.org/pragma.html (application_id, user_version), https://www.sqlite.org/wal.html.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import UsageProblem
from envdoctor.core.sweep import Ending, Judgment, State, SweepRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VARIABLE = "ENVDOCTOR_HISTORY"
#: "ENVD": what tells our files from those of other programs.
_APPLICATION = 0x454E5644
_VERSION = 1
#: Seconds to wait for another sweep that is writing.
_PATIENCE = 10.0
#: What the disk answers, in SQLite's words.
_REFUSALS = {"database or disk is full": errno.ENOSPC, "disk I/O error": errno.EIO}
_NONE_YET = "There is no history in {file} yet; 'envdoctor sweep' makes one, or name one by --db."
_TABLE = """
CREATE TABLE IF NOT EXISTS results (
  kind TEXT NOT NULL, key TEXT NOT NULL, item TEXT NOT NULL, ending TEXT NOT NULL,
  subject TEXT NOT NULL, version TEXT NOT NULL, target TEXT NOT NULL, verdict TEXT NOT NULL, state TEXT NOT NULL,
  message TEXT NOT NULL, released TEXT NOT NULL,
  seconds REAL NOT NULL, cpu REAL NOT NULL, memory INTEGER NOT NULL, measured TEXT NOT NULL, envdoctor TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS results_by_key ON results (kind, key, measured);
CREATE INDEX IF NOT EXISTS results_by_subject ON results (subject, target);
"""
_COLUMNS = (
    *("kind", "key", "item", "ending", "subject", "version", "target", "verdict", "state", "message", "released"),
    *("seconds", "cpu", "memory", "measured", "envdoctor"),
)
_INSERT = f"INSERT INTO results VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  (question marks)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM results"  # noqa: S608  (names of this module)


def default_database() -> Path:
    """The user's own: what ENVDOCTOR_HISTORY names, or `history.sqlite` in the user's data folder."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    import platformdirs

    return Path(platformdirs.user_data_path("envdoctor", appauthor=False)) / "history.sqlite"


@contextlib.contextmanager
def open_database(file: Path, *, write: bool) -> Iterator[Database]:
    """The history in a file; made if it is to be written and is not there.

    Raises:
        UsageProblem: it is not there, can't be written, is damaged, another program's or of a newer envdoctor. Nothing
            in it was changed then.
    """
    if file.exists() and not file.is_file():
        raise UsageProblem(f"The history {file} can't be used: it is no regular file. Name another by --db.")
    if not write and not file.is_file():
        raise UsageProblem(_NONE_YET.format(file=file))
    was_there = file.exists()
    with _problems_told(file):
        if write:
            file.parent.mkdir(parents=True, exist_ok=True)
        held = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        with _problems_told(file):
            _prepare(held, file, write=write)
        yield Database(held, file)
    finally:
        held.close()
        with contextlib.suppress(OSError):
            if not was_there and not file.stat().st_size:
                file.unlink()


class Database:
    """An open history."""

    def __init__(self, held: sqlite3.Connection, file: Path) -> None:
        self._held = held
        self.file = file

    def add(self, rows: Iterable[SweepRow]) -> None:
        """Keeps rows, all of them or none.

        Raises:
            UsageProblem: another program writes, or the file has become unusable.
            OSError: the disk is full or broken.
        """
        with _problems_told(self.file):
            self._held.execute("BEGIN IMMEDIATE")
            try:
                self._held.executemany(_INSERT, map(_values, rows))
            except BaseException:
                self._held.execute("ROLLBACK")
                raise
            self._held.execute("COMMIT")

    def newest(self, kind: str, key: str) -> tuple[SweepRow, ...]:
        """The rows of an item as it was judged last; () if it never was."""
        words = (
            "WHERE kind = ? AND key = ? AND measured = (SELECT max(measured) FROM results WHERE kind = ? AND key = ?)"
        )
        return self._rows(words, (kind, key, kind, key))

    def about(self, subject: str = "", kind: str = "") -> tuple[SweepRow, ...]:
        """All rows about a package, model or host, the oldest first; of everything if none is named."""
        words = "WHERE (? = '' OR subject = ?) AND (? = '' OR kind = ?) ORDER BY measured, rowid"
        return self._rows(words, (subject, subject, kind, kind))

    def _rows(self, words: str, values: tuple[str, ...]) -> tuple[SweepRow, ...]:
        with _problems_told(self.file):
            return tuple(map(_row, self._held.execute(f"{_SELECT} {words}", values)))


def _prepare(held: sqlite3.Connection, file: Path, *, write: bool) -> None:
    application, version, tables = (
        held.execute(words).fetchone()[0]
        for words in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if application != _APPLICATION and (application or version or tables):
        raise UsageProblem(f"{file} is a database of another program; it was left as it is. Name another by --db.")
    if version > _VERSION:
        raise UsageProblem(f"{file} was made by a newer envdoctor; bring this one up to date, or name another by --db.")
    if version == _VERSION:
        return
    if not write:
        raise UsageProblem(_NONE_YET.format(file=file))
    held.execute("PRAGMA journal_mode = WAL")
    held.executescript(
        f"BEGIN IMMEDIATE; {_TABLE} PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION}; COMMIT;"
    )


@contextlib.contextmanager
def _problems_told(file: Path) -> Iterator[None]:
    """What SQLite and the system say of a file, in one sentence."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if refusal := _REFUSALS.get(str(error)):
            raise OSError(refusal, os.strerror(refusal), str(file)) from None
        why = "another program is writing to it" if "locked" in str(error) else str(error)
        raise UsageProblem(f"The history {file} can't be used: {why}. Name another by --db.") from None
    except sqlite3.DatabaseError as error:
        raise UsageProblem(
            f"{file} is damaged or no history of envdoctor's ({error}); it was left as it is. Name another by --db."
        ) from None
    except ValueError as error:  # a state or an ending that this version does not know
        raise UsageProblem(f"{file} holds what no sweep writes ({error}). Name another by --db.") from None
    except OSError as error:
        raise UsageProblem(f"The history {file} can't be used: {error.strerror or error}.") from None


def _values(row: SweepRow) -> tuple[object, ...]:
    found = row.found
    said = (found.subject, found.version, found.target, found.verdict, found.state.value, found.message, found.released)
    values = (row.kind, row.key, row.item, row.ending.value, *said, row.seconds, row.cpu, row.memory)
    return (*(_storable(value) for value in values), row.measured, row.envdoctor)


def _storable(value: object) -> object:
    """File names need not be Unicode, and SQLite's texts are."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _row(values: tuple[Any, ...]) -> SweepRow:
    by_name = dict(zip(_COLUMNS, values, strict=True))
    names = ("subject", "version", "target", "verdict", "message", "released")
    found = Judgment(state=State(by_name["state"]), **{name: by_name[name] for name in names})
    own = ("kind", "key", "item", "seconds", "cpu", "memory", "measured", "envdoctor")
    return SweepRow(
        found=found, ending=Ending(by_name["ending"]), is_new=False, **{name: by_name[name] for name in own}
    )
