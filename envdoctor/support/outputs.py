"""Files that a user named for a result: whole or untouched, and what is no regular file is written through."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

from envdoctor.core.errors import UsageProblem

#: What a full or broken disk answers; the request itself was right.
_NO_ROOM = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO") if hasattr(errno, name))
_LINKS_OF_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")


def write_output(target: Path, text: str | bytes, *, option: str) -> None:
    """Write bytes, or a text in UTF-8, to a file that the user named by an option; see `put_in_place`.

    Raises:
        UsageProblem: it can't be written there: a folder, no such folder, no permission.
        OSError: the disk is full.
    """
    content = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    try:
        if _is_written_through(target):
            target.write_bytes(content)
            return
        final = _final(target)
        handle, name = tempfile.mkstemp(prefix=".envdoctor-", dir=final.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            put_in_place(Path(name), target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise UsageProblem(f"{option} {target}: {error.strerror or error}; name a file that can be written") from None


def put_in_place(source: Path, target: Path) -> None:
    """Move a finished file, on the disk of the target's folder, to where the user wants it.

    A regular file is replaced in one step and keeps its mode and, where allowed, its owner. A link stays, and the file
    that it leads to is replaced. A device or a pipe is written to.

    Raises:
        OSError: it can't be replaced or written to; the target is as it was then, unless it is a device or a pipe.
    """
    if _is_written_through(target):
        with source.open("rb") as finished, target.open("wb") as stream:
            shutil.copyfileobj(finished, stream)
        source.unlink()
        return
    final = _final(target)
    _adopt(source, final)
    try:
        source.replace(final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _replace_on_another_disk(source, final)


def _replace_on_another_disk(source: Path, final: Path) -> None:
    """The link led to another file system."""
    handle, name = tempfile.mkstemp(prefix=".envdoctor-", dir=final.parent)
    try:
        with os.fdopen(handle, "wb") as stream, source.open("rb") as finished:
            shutil.copyfileobj(finished, stream)
        _adopt(Path(name), final)
        Path(name).replace(final)
    finally:
        Path(name).unlink(missing_ok=True)
    source.unlink()


def _is_written_through(target: Path) -> bool:
    """True for what is there and no regular file, and for the names of this process's own streams.

    Raises:
        OSError: it is a folder, may not be written, or links lead in a circle.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if stat.S_ISREG(mode) and not os.access(
        target, os.W_OK
    ):  # to replace it needs no permission, but who set it meant it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return not stat.S_ISREG(mode) or str(target.absolute()).startswith(_LINKS_OF_STREAMS)


def _final(target: Path) -> Path:
    """The file that a path leads to, through all links; it need not be there yet."""
    return Path(os.path.realpath(target))


def _adopt(source: Path, final: Path) -> None:
    """Give a new file the mode and owner of the one it replaces, or what the user's umask says."""
    try:
        before = final.stat()
    except OSError:
        umask = os.umask(0o077)
        os.umask(umask)
        source.chmod(0o666 & ~umask)
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(source, before.st_uid, before.st_gid)
    source.chmod(stat.S_IMODE(before.st_mode))
