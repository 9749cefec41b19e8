"""What `fix` did, written down before and after each step, so that it can be undone whatever happens in between."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvironmentProblem, Unreadable
from envdoctor.core.fixing import Change, StepKind
from envdoctor.support.files import read_regular
from envdoctor.support.packing import unpack_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.fixing import Step

VARIABLE = "ENVDOCTOR_STATE"
_LARGEST = 16 << 20


def log_folder() -> Path:
    """Where logs are: the user's folder for what programs keep, or the one that ENVDOCTOR_STATE names."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser() / "fixes"
    import platformdirs

    return Path(platformdirs.user_state_path("envdoctor", appauthor=False)) / "fixes"


@dataclass(slots=True, kw_only=True)
class Row:
    """A step that was begun, how it ended and what it changed."""

    title: str
    kind: StepKind
    state: str
    changes: tuple[Change, ...]
    commands: tuple[tuple[str, ...], ...] = ()
    undo: str = ""
    words: str = ""


@dataclass(slots=True, kw_only=True)
class _Written:
    """What the file holds.

    Attributes:
        prefix, python: of the environment.
        undone: whether its changes were taken back.
    """

    prefix: str
    python: str
    steps: list[Row] = field(default_factory=list)
    undone: bool = False


@dataclass(slots=True, kw_only=True)
class Log(_Written):
    """The log of a run, and its file."""

    path: Path

    def begin(self, step: Step) -> None:
        """A step is about to run."""
        told = {name: getattr(step, name) for name in ("title", "kind", "commands", "undo", "changes")}
        self.steps.append(Row(state="begun", **told))
        self.write()

    def end(self, state: str, words: str) -> None:
        """The step that was begun last has ended."""
        self.steps[-1] = replace(self.steps[-1], state=state, words=words)
        self.write()

    def changes(self) -> dict[str, Change]:
        """What changed in the environment, by name: its first version, and its last."""
        found: dict[str, Change] = {}
        for row in self.steps:
            for one in row.changes if row.kind is StepKind.PACKAGES else ():
                first = found.get(one.name, one)
                found[one.name] = replace(first, after=one.after)
        return found

    def write(self) -> None:
        """Write it, whole or not at all.

        Raises:
            EnvironmentProblem: it can't be written.
        """
        import msgspec

        value = {each.name: getattr(self, each.name) for each in fields(_Written)}
        new = self.path.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1))
            new.replace(self.path)
        except (OSError, UnicodeEncodeError) as error:
            why = getattr(error, "strerror", None) or "a name in it is no Unicode"
            raise EnvironmentProblem(
                f"the log {self.path} can't be written ({why}); without it nothing could be undone. "
                f"Set {VARIABLE} to a folder that can."
            ) from error


def new_log(prefix: str, python: str) -> Log:
    """A log of now, not yet written."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    name = f"{_key(prefix)}-{stamp}-{time.time_ns() % 10**9:09}.json"
    return Log(path=_prepared() / name, prefix=prefix, python=python)


def last_log(prefix: str) -> Log | None:
    """The newest log of an environment that was not undone; None if there is none."""
    return next((log for log in _logs(prefix) if not log.undone and log.changes()), None)


def undone_by_hand(prefix: str) -> tuple[str, ...]:
    """How what the last run did beside packages of Python is undone, in words; the user runs that."""
    log = next(_logs(prefix), None)
    rows = log.steps if log is not None else []
    return tuple(row.undo for row in rows if row.kind is not StepKind.PACKAGES and row.undo)


def _logs(prefix: str) -> Iterator[Log]:
    """The logs of an environment, the newest first."""
    for path in sorted(log_folder().glob(f"{_key(prefix)}-*.json"), reverse=True):
        try:
            told = unpack_json(read_regular(path, _LARGEST), _Written)
        except (OSError, Unreadable) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise EnvironmentProblem(
                f"the log {path} can't be read ({why}); remove it, and what it tells can't be undone any more."
            ) from error
        yield Log(path=path, **{each.name: getattr(told, each.name) for each in fields(_Written)})


@contextmanager
def locked(prefix: str) -> Iterator[None]:
    """Keep other processes from fixing an environment meanwhile.

    Raises:
        EnvironmentProblem: another is at it, or there can be no lock.
    """
    import filelock

    lock = filelock.FileLock(_prepared() / f"{_key(prefix)}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise EnvironmentProblem(f"another envdoctor is fixing {prefix}; wait until it has ended.") from None
    except OSError as error:
        raise EnvironmentProblem(
            f"{lock.lock_file} can't be written ({error.strerror}); set {VARIABLE} to a folder that can."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _prepared() -> Path:
    folder = log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}, where `fix` keeps its log, can't be made ({error.strerror}); set {VARIABLE} to another folder."
        ) from error
    return folder


def _key(prefix: str) -> str:
    return hashlib.sha256(os.path.realpath(prefix).encode("utf-8", "surrogateescape")).hexdigest()[:16]
