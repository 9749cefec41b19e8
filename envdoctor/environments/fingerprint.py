"""Tells whether folders and files are what they were: by names, sizes and times, without reading a file.

A file that is written to, replaced or put back with its old time of modification has another time of change (st_ctime,
stat(2)); what is added to a folder or removed changes its own times. Only on Windows, where st_ctime is the time of
creation, does a file of the same size and time of modification pass for the same.

A file that has several names (uv links its cache's into each environment) gets another time of change by each name
that comes or goes, too. Where that alone moved once, the content is kept as a hash: it tells what moves for nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from array import array
from dataclasses import field, replace
from itertools import chain
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.support.files import open_regular

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
_CHANGED = 2  # where the time of change stands in it
#: Bytes of files whose contents are compared; to judge anew does not take longer than more.
_MOST_COMPARED = 1 << 30
_CHUNK = 1 << 20


@frozen
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


@frozen
class Fingerprint:
    """What files were at one time.

    Attributes:
        folders: whose every file counts.
        paths: other files and folders, or places where there was nothing.
        states: of all these files and of `paths`, one after the other.
        contents: digests of those whose times of change had moved alone, by path.
    """

    folders: tuple[Folder, ...] = ()
    paths: tuple[str, ...] = ()
    states: bytes = b""
    contents: dict[str, bytes] = field(default_factory=dict)


def take_fingerprint(
    trees: Iterable[str],
    paths: Iterable[str],
    before: int,
    seen: Mapping[str, State] | None = None,
    known: Fingerprint | None = None,
) -> Fingerprint | None:
    """The state of all that is in some folders, and of some paths.

    Args:
        trees: folders, each with everything below it but for compiled files.
        paths: others; what is in a folder does not count, its own times do.
        before: a time, as `time.time_ns` gives it, that everything must be older than.
        seen: the states of some files as they were looked at since; what changed after that is found by them.
        known: of an earlier time, to see which times of change move alone.

    Returns:
        None where there is too much, or something is too young: it may have changed since it was looked at.
    """
    folders = _walk(trees)
    loose = tuple(dict.fromkeys(paths))
    if folders is None:
        return None
    every = [*_files(folders), *loose]
    states = _states(every, seen or {})
    times = chain(states[1::_EACH], states[_CHANGED::_EACH], *(one.state for one in folders))
    if max(times, default=0) > before - YOUNG:
        return None
    contents = {} if known is None else _contents(known, every, states)
    return Fingerprint(folders=folders, paths=loose, states=states.tobytes(), contents=contents)


def is_unchanged(known: Fingerprint) -> bool:
    """Whether every file and folder is what it was."""
    return renew(known) is not None


def renew(known: Fingerprint) -> Fingerprint | None:
    """The same, if every file and folder is what it was; with its new times of change where these moved for nothing.

    Folders may have got other times by compiled files alone.
    """
    if not all(_is_same(folder) for folder in known.folders):
        return None
    every = [*_files(known.folders), *known.paths]
    states = _states(every, {})
    if states.tobytes() == known.states:
        return known
    moved = _moved(_array(known.states), states)
    if not moved or not all(_content(every[row], states, row) == known.contents.get(every[row], b"") for row in moved):
        return None
    is_young = any(states[row * _EACH + _CHANGED] > time.time_ns() - YOUNG for row in moved)
    return known if is_young else replace(known, states=states.tobytes())


def _is_same(folder: Folder) -> bool:
    try:
        found = os.stat(folder.path)  # noqa: PTH116 - thousands
    except (OSError, ValueError):
        return folder.state == ()
    times = _times_of(found)
    if times == folder.state:
        return True
    now = _list(folder.path, times)
    return now is not None and (now.files, now.folders, bool(now.state)) == (
        folder.files,
        folder.folders,
        bool(folder.state),
    )


def _contents(known: Fingerprint, every: Sequence[str], states: array[int]) -> dict[str, bytes]:
    """The contents of files whose times of change moved alone since an earlier time, then or now."""
    old = _array(known.states)
    rows = dict(zip([*_files(known.folders), *known.paths], range(0, len(old), _EACH), strict=False))
    found = dict[str, bytes]()
    left = _MOST_COMPARED
    for row, path in enumerate(every):
        if path not in rows:
            continue
        state, before = states[row * _EACH : (row + 1) * _EACH], old[rows[path] : rows[path] + _EACH]
        content = known.contents.get(path)
        if state != before:
            left -= state[0]
            content = _content(path, states, row) if left >= 0 and _moved(before, state) else None
        if content is not None:
            found[path] = content
    return found


def _moved(before: array[int], now: array[int]) -> list[int] | None:
    """The rows in which nothing but the time of change is another; None where anything else is."""
    if any(before[column::_EACH] != now[column::_EACH] for column in range(_EACH) if column != _CHANGED):
        return None
    times = zip(before[_CHANGED::_EACH], now[_CHANGED::_EACH], strict=True)
    moved = [row for row, (old, new) in enumerate(times) if old != new]
    return moved if sum(now[row * _EACH] for row in moved) <= _MOST_COMPARED else None


def _content(path: str, states: array[int], row: int) -> bytes | None:
    """The digest of what is in a file, and of who may do what with it; None for none, or one of another state."""
    state = tuple(states[row * _EACH : (row + 1) * _EACH])
    digest = hashlib.sha256()
    try:
        with open_regular(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
            found = os.fstat(stream.fileno())
    except OSError:
        return None
    digest.update(repr((found.st_mode, found.st_uid, found.st_gid)).encode())
    return digest.digest() if state_of(found) == state else None


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
    note, look, most = found.extend, os.stat, sys.maxsize
    for path in paths:
        state = seen.get(path) if seen else None
        if state is None:
            try:
                status = look(path)
            except (OSError, ValueError):
                state = _GONE
            else:  # as `state_of`, which takes a tenth of the time more
                state = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & most
        note(state)
    return found


def _array(states: bytes) -> array[int]:
    found = array("q")
    found.frombytes(states)
    return found
