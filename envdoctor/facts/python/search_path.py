"""The folders that an interpreter finds installed packages in, .pth files included."""

from __future__ import annotations

import enum
import os
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Origin(enum.Enum):
    """Why a folder is searched."""

    PYTHONPATH = "pythonpath"
    SITE = "site"  # the environment's own packages
    USER = "user"  # pip install --user
    BASE = "base"  # the base installation's packages, seen from a virtual environment
    PTH = "pth"  # a line of a .pth file: an editable install's project, mostly


@frozen
class SearchFolder:
    """One folder of the search path.

    Attributes:
        path: absolute, without a slash at its end.
    """

    path: str
    origin: Origin = Origin.SITE


def search_path(folders: Iterable[Sequence[str]]) -> tuple[SearchFolder, ...]:
    """The folders that exist, each once, and what their .pth files add.

    Args:
        folders: (origin, path) in the order of `sys.path`.
    """
    found: list[SearchFolder] = []
    seen: set[tuple[int, int]] = set()
    for origin, path in folders:
        for folder in _with_additions(os.path.abspath(path), Origin(origin)):
            try:
                status = os.stat(folder.path)
            except (OSError, ValueError):  # ValueError: PYTHONPATH may hold what the file system's encoding lacks
                continue
            # lib64 is a link to lib in many environments; Windows has no inode numbers for some file systems
            identity = (status.st_dev, status.st_ino or hash(os.path.normcase(folder.path)))
            if identity not in seen:
                seen.add(identity)
                found.append(folder)
    return tuple(found)


def _with_additions(path: str, origin: Origin) -> Iterator[SearchFolder]:
    yield SearchFolder(path=path, origin=origin)
    if origin is Origin.PYTHONPATH:
        return  # .pth files are read in site folders alone
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(".pth") and name[0] != ".")
    except OSError:
        return
    for name in names:
        for line in parse_pth(_read(os.path.join(path, name))):
            added = os.path.normpath(os.path.join(path, line))
            yield SearchFolder(path=added, origin=Origin.PTH)


def _read(file: str) -> bytes:
    try:
        return read_head(file, 1 << 20)
    except OSError:
        return b""


def parse_pth(content: bytes) -> tuple[str, ...]:
    """The folders that a .pth file adds to `sys.path`: its lines without comments and imports (`site.addpackage`)."""
    return tuple(line for line in lines_of_pth(content) if not is_import_line(line))


def lines_of_pth(content: bytes) -> tuple[str, ...]:
    """The lines of a .pth file that do something."""
    lines = content.decode("utf-8-sig", "surrogateescape").splitlines()
    return tuple(line.rstrip() for line in lines if line.strip() and line[0] != "#" and "\0" not in line)


def is_import_line(line: str) -> bool:
    """Whether Python runs a line of a .pth file."""
    return line.startswith(("import ", "import\t"))


def modules_in(folder: str, suffixes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(import name, path) of the modules and packages in a folder."""
    for entry in entries_of(folder):
        if entry.name.isidentifier():
            if os.path.isfile(f"{entry.path}/__init__.py"):
                yield entry.name, f"{entry.path}/__init__.py"
        elif entry.name.endswith((".py", *suffixes)):
            name = entry.name.partition(".")[0]
            if name.isidentifier() and entry.is_file():
                yield name, entry.path


def entries_of(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; nothing where it can't be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
