"""Tells whether folders and files are what they were: by names, sizes and times, without reading a file.

A file that is written to, replaced or put back with its old time of modification has another time of change (st_ctime,
stat(2)); what is added to a folder or removed changes its own times. Only on Windows, where st_ctime is the time of
creation, does a file of the same size and time of modification pass for the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: What is younger than this may change once more without another time: no file system counts in longer steps (FAT).
YOUNG = 2_000_000_000
#: Folders and files of all trees together; more take longer to look at than to judge anew.
_MOST_ENTRIES = 400_000
#: Python makes these as it goes, and they decide nothing.
_IGNORED = "__pycache__"
_IDLE = frozenset({"_", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "WINDOWID", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY"})
State = tuple[int, int, int, int]  # size, both times and number of a file
_GONE: State = (0, 0, 0, 0)
_EACH = len(_GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder.

    Attributes:
        path: absolute, or as a link leads to it.
        files, folders: the names in it, sorted, one a line.
        state: its times; () where it can't be listed.
    """

    path: str
    files: str = ""
    folders: str = ""
    state: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What files were at one time.

    Attributes:
        folders: whose every file counts.
        paths: other files and folders, or places where there was nothing.
        digest: of the states of all these files and of `paths`.
    """

    folders: tuple[Folder, ...] = ()
    paths: tuple[str, ...] = ()
    digest: bytes = b""


def take_fingerprint(
    trees: Iterable[str], paths: Iterable[str], before: int, seen: Mapping[str, State] | None = None
) -> Fingerprint | None:
    """The state of all that is in some folders, and of some paths.

    Args:
        trees: folders, each with everything below it but for compiled files.
        paths: others; what is in a folder does not count, its own times do.
        before: a time, as `time.time_ns` gives it, that everything must be older than.
        seen: the states of some files as they were looked at since; what changed after that is found by them.

    Returns:
        None where there is too much, or something is too young: it may have changed since it was looked at.
    """
    folders = _walk(trees)
    loose = tuple(dict.fromkeys(paths))
    if folders is None:
        return None
    states = _states((*_files(folders), *loose), seen or {})
    times = chain(states[1::_EACH], states[2::_EACH], *(one.state for one in folders))
    if max(times, default=0) > before - YOUNG:
        return None
    return Fingerprint(folders=folders, paths=loose, digest=_digest(states))


def is_unchanged(known: Fingerprint) -> bool:
    """Whether every file and folder is what it was. Folders may have got other times by compiled files alone."""
    look, is_folder = os.stat, stat.S_ISDIR
    for folder in known.folders:
        try:
            found = look(folder.path)
        except (OSError, ValueError):
            times: tuple[int, ...] = ()
        else:
            times = (found.st_mtime_ns, found.st_ctime_ns) if is_folder(found.st_mode) else ()
        if times != folder.state:
            now = _list(folder.path, times)
            if now is None or (now.files, now.folders, bool(now.state)) != (
                folder.files,
                folder.folders,
                bool(folder.state),
            ):
                return False
    return _digest(_states((*_files(known.folders), *known.paths), {})) == known.digest


def steady_variables() -> list[tuple[str, str]]:
    """The environment variables, without those that every shell and terminal sets anew and no package heeds."""
    return sorted((name, value) for name, value in os.environ.items() if name not in _IDLE)


def _walk(trees: Iterable[str]) -> tuple[Folder, ...] | None:
    found: list[Folder] = []
    seen: set[tuple[int, int]] = set()
    waiting = list(dict.fromkeys(trees))
    left = _MOST_ENTRIES
    while waiting:
        path = waiting.pop()
        try:
            status = os.stat(path)  # noqa: PTH116 - thousands
        except (OSError, ValueError):
            found.append(Folder(path=path))
            continue
        identity = (status.st_dev, status.st_ino or hash(path))
        if identity in seen:
            continue
        seen.add(identity)
        folder = _list(path, _times_of(status)) or Folder(path=path)
        found.append(folder)
        waiting += [f"{path}/{name}" for name in _lines(folder.folders)]
        left -= 1 + folder.files.count("\n")
        if left < 0:
            return None
    return tuple(found)


def _list(path: str, state: tuple[int, ...]) -> Folder | None:
    """A folder with what is in it; None where it can't be listed, or holds a name that no line can.

    Args:
        path: of it.
        state: its times, taken before: what is added meanwhile is found by them.
    """
    files, folders = [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                is_folder = entry.is_dir()
                if is_folder:
                    folders.append(entry.name)
                if not is_folder or entry.is_symlink():  # a link can lead to another folder tomorrow
                    files.append(entry.name)
    except OSError:
        return None
    if "\n" in "".join((*files, *folders)):
        return None
    names = (name for name in folders if name != _IGNORED)
    return Folder(path=path, files="\n".join(sorted(files)), folders="\n".join(sorted(names)), state=state)


def _times_of(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_mtime_ns, status.st_ctime_ns) if stat.S_ISDIR(status.st_mode) else ()


def _files(folders: Iterable[Folder]) -> Iterator[str]:
    for folder in folders:
        start = folder.path + "/"
        yield from [start + name for name in _lines(folder.files)]


def _lines(text: str) -> Sequence[str]:
    return text.split("\n") if text else ()


def state_of(status: os.stat_result) -> State:
    """What of a file changes when it is changed."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & sys.maxsize


def _states(paths: Iterable[str], seen: Mapping[str, State]) -> array[int]:
    """The state of each file, one after the other; zeros where there is none."""
    found = array("q")
    note, look, known = found.extend, os.stat, seen.get
    for path in paths:
        state = known(path)
        if state is None:
            try:
                state = state_of(look(path))
            except (OSError, ValueError):
                state = _GONE
        note(state)
    return found


def _digest(states: array[int]) -> bytes:
    return hashlib.sha256(states.tobytes()).digest()
