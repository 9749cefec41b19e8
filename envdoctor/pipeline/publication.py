"""Putting files where the user wants them: whole, together, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from envdoctor.core.errors import BuildFailed, UsageProblem
from envdoctor.support.outputs import put_in_place

#: What a full, over-quota or read-only disk answers.
_DISK = (errno.ENOSPC, errno.EROFS, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC)


class Publication:
    """Files on their way to the user's folder; see `Workspace.publishing`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, None] = {}

    def copy(self, source: Path, name: str) -> None:
        """Add a copy of a file."""
        shutil.copyfile(source, self._folder / name)
        self._names[name] = None

    def write(self, name: str, content: bytes) -> None:
        """Add a file with that content."""
        (self._folder / name).write_bytes(content)
        self._names[name] = None

    def put_in_place(self, out: Path) -> None:
        """Move everything to a folder on the same disk.

        Raises:
            UsageProblem: a folder has the name of a file.
            OSError: a file can't be replaced.
        """
        names = tuple(self._names)
        for name in names:
            if (out / name).is_dir():
                raise UsageProblem(f"--out {out}: {name} is a folder there; remove it, or name another --out")
        last = out / names[-1] if names else out
        if last.is_file():  # through a link to a file: what the link leads to goes, the link stays
            Path(os.path.realpath(last)).unlink()
        for name in names:
            put_in_place(self._folder / name, out / name)


def is_full(error: OSError) -> bool:
    """True if a disk is full, read-only or over its quota: no other route helps against that."""
    return error.errno in _DISK


def unwritable(error: OSError, out: Path) -> BuildFailed:
    """The error of a build whose files can't be written."""
    advice = "free some space" if is_full(error) else "make it writable"
    where = error.filename2 or error.filename or out
    if is_full(error) and out in Path(str(where)).parents:
        where = out  # the file itself is gone by now
    return BuildFailed(f"{where}: {error.strerror or error}; {advice} and run the same again")
