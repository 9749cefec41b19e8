"""Opening what lies in others' folders: only regular files, so that no FIFO, socket or device is ever waited for.

Every failure is an OSError whose words can be shown, so that who reads files has one kind of error to expect.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: open(2): don't wait for a FIFO's other end, never become a terminal's owner, no line ends translated (Windows).
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
#: Bytes of one read, and of the one after what seems to be the end.
_PIECE, _AFTER = 1 << 20, 1 << 10
_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str | Path) -> io.FileIO:
    """Open a regular file for reading, unbuffered; links are followed.

    Raises:
        OSError: it is not there, may not be read, or is no regular file; IsADirectoryError for a folder.
    """
    try:
        _require_regular(os.stat(path).st_mode, path)  # first, since to open a device can do something already
        descriptor = os.open(path, _FLAGS)
    except ValueError:  # a NUL, or what the file system's encoding does not have
        raise OSError(errno.EINVAL, "no file can have that name", str(path)) from None
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)
        return io.FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | Path, most: int) -> bytes:
    """All of a regular file.

    Raises:
        OSError: see `open_regular`; or it has more than `most` bytes.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        is_large = size > most  # nothing is read in vain
        content = b"" if is_large else stream.read(min(size, _PIECE))  # no room for more than there is, as it seems
        content += b"" if is_large else read_up_to(stream, most + 1 - len(content), _AFTER)
    if is_large or len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most} bytes", str(path))
    return content


def read_head(path: str | Path, most: int) -> bytes:
    """The first `most` bytes of a regular file, or all if it has less.

    Raises:
        OSError: see `open_regular`.
    """
    with open_regular(path) as stream:
        return read_up_to(stream, most)


def head_text(path: str | Path, most: int) -> str:
    """The same as text; nothing where it can't be read."""
    try:
        return read_head(path, most).decode("utf-8", "replace")
    except OSError:
        return ""


def read_up_to(stream: IO[bytes] | io.FileIO, most: int, first: int = _PIECE) -> bytes:
    """As many bytes as there are, at most so many; one read of an unbuffered file may give less."""
    pieces: list[bytes] = []
    while most > 0 and (piece := stream.read(min(most, _PIECE if pieces else first))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def is_special(path: str | Path) -> bool:
    """Whether it is a FIFO, a socket or a device, or leads to one: who opens it may wait for ever."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return any(is_kind(mode) for is_kind, _ in _KINDS)


def remove_special(folder: str | Path, spared: str = "") -> None:
    """Take what is special out of a folder of ours, at any depth, before a program reads in it.

    Args:
        folder: it need not be there.
        spared: the name of a folder directly in it that is not looked through.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != spared:
                    remove_special(entry.path)
            elif not entry.is_file() and is_special(entry.path):
                os.unlink(entry.path)


def _require_regular(mode: int, path: str | Path) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
    kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "something else")
    raise OSError(errno.EINVAL, f"{kind}, not a regular file", str(path))
