"""Places that are not on a server: folders of archives, pages and whole indexes on this machine's disks."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from envdoctor.core.errors import Unreadable
from envdoctor.index.pages import Link, parse_page
from envdoctor.support.hashing import hash_value

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE_LIMIT = 128 << 20
#: A stat each takes some 5 microseconds.
_MOST_ENTRIES = 10_000


def local_path(place: str) -> Path:
    """The path that a ``file:`` URL or a plain path means."""
    parts = urlsplit(place)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else Path(place)


def local_links(place: str) -> tuple[Link, ...]:
    """What a find-links place on this machine offers: the archives of a folder, or the links of a page.

    A place that is not there offers nothing, as for pip.

    Raises:
        Unreadable: it is there and can't be read.
    """
    path = local_path(place)
    try:
        if path.is_dir():
            return tuple(_folder(path))
        return _page(path) if path.is_file() else ()
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}.") from error


def local_project(index: str, project: str) -> tuple[Link, ...] | None:
    """What an index laid out in folders offers of a project: its page, or its folder's archives; None if no folder.

    Raises:
        Unreadable: it is there and can't be read.
    """
    folder = local_path(index) / project
    if not folder.is_dir():
        return None
    page = folder / "index.html"
    return local_links(str(page if page.is_file() else folder))


def local_state(place: str) -> str:
    """What tells whether a place on this machine's disks is as it was, two folders deep; empty for a large one."""
    entries: list[list[str | int]] = []
    try:
        _survey(local_path(place), entries, depth=2)
    except OSError as error:
        return f"{error.errno}"
    return hash_value(sorted(entries)) if len(entries) <= _MOST_ENTRIES else ""


def _survey(path: Path, entries: list[list[str | int]], depth: int) -> None:
    status = path.stat()
    entries.append([str(path), status.st_mtime_ns, status.st_size])
    if depth >= 0 and len(entries) <= _MOST_ENTRIES and stat.S_ISDIR(status.st_mode):
        for one in path.iterdir():
            _survey(one, entries, depth - 1)


def _folder(folder: Path) -> Iterator[Link]:
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield Link(
                filename=path.name,
                url=path.absolute().as_uri(),
                hashes={},
                requires_python=None,
                yanked=None,
                uploaded=None,
                size=path.stat().st_size,
                metadata=None,
            )


def _page(path: Path) -> tuple[Link, ...]:
    if path.stat().st_size > _PAGE_LIMIT:
        raise Unreadable(f"{path} is larger than the {_PAGE_LIMIT:,} bytes allowed for a page.")
    return parse_page(path.read_bytes(), "text/html", path.absolute().as_uri())
