"""Whether a RECORD lists all that its installer installed, or was emptied or cut short.

Format: PEP 376 and the binary distribution format: RECORD lists every file, itself too. pip, uv and the libraries that
poetry and pdm use write it so; pip and uv write the rows sorted by path.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from envdoctor.facts.natives.listing import top_level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from envdoctor.facts.packages import Distribution

_CODE = (".py", ".so", ".pyd")
#: Entries of one folder that are looked at.
_MOST_ENTRIES = 2000
_MOST_FOLDERS = 5000


def lacks_itself(distribution: Distribution, paths: Sequence[str]) -> str:
    """What a RECORD must list and does not; empty if nothing.

    conda writes lists of its own (conda-meta) and takes over RECORDs as its packages have them.
    """
    if not paths:
        return "is empty"
    if distribution.installer == "conda":
        return ""
    folder = posixpath.basename(distribution.metadata.replace("\\", "/"))
    for name in ("RECORD", "METADATA", "WHEEL"):
        own = f"{folder}/{name}"
        if own in paths or any(path.replace("\\", "/").endswith(own) for path in paths):
            continue  # poetry writes absolute paths for projects that are installed as editable
        if os.path.exists(f"{distribution.metadata}/{name}"):
            return f"does not list {own}, as every installer does: it is cut short, or not this distribution's"
    return ""


def unlisted_after(distribution: Distribution, paths: Sequence[str], recorded_at: float) -> Iterator[str]:
    """Code that lies where the rows behind the last one would have been, and is not younger than RECORD.

    Only a sorted RECORD tells: whatever was cut off it comes after its last row, so in one of that row's folders.

    Args:
        distribution: whose RECORD.
        paths: its rows.
        recorded_at: when RECORD was written; what a program makes later in its own folder is younger.

    Yields:
        Paths as RECORD would write them; those of packages are the packages' `__init__.py`.
    """
    last = paths[-1]
    if distribution.installer == "conda" or posixpath.isabs(last) or last != max(paths):
        return
    parts = last.split("/")
    beyond = [path for name in top_level(distribution) for path in (f"{name}.py", f"{name}/__init__.py")]
    for depth in range(len(parts) - 1, 0, -1):
        beyond += _code_in(distribution.root, "/".join(parts[:depth]), parts[depth])
    for path in beyond:
        if path > last and _as_old(f"{distribution.root}/{path}", recorded_at) and path not in paths:
            yield path


def unlisted_beside(distribution: Distribution, paths: Sequence[str], recorded_at: float) -> Iterator[str]:
    """Code in the folders of a distribution's packages that its RECORD does not list, and that is not younger than it.

    Rows can be lost from a RECORD that is not sorted, or from the middle; an older version of the distribution, or a
    person, can have left such files as well.

    Args:
        distribution: whose RECORD.
        paths: its rows.
        recorded_at: when RECORD was written.

    Yields:
        Paths as RECORD would write them; those of packages are the packages' `__init__.py`.
    """
    if distribution.installer == "conda":
        return
    listed = set(paths)
    code = (path for path in paths if path.endswith(_CODE) and not path.startswith(("/", "..")))
    folders = dict.fromkeys(posixpath.dirname(path) for path in code)
    for folder in filter(None, list(folders)[:_MOST_FOLDERS]):
        if posixpath.isabs(folder):
            continue
        for path in _code_in(distribution.root, folder, ""):
            if path not in listed and _as_old(f"{distribution.root}/{path}", recorded_at):
                yield path


def _code_in(root: str, folder: str, after: str) -> list[str]:
    """Modules, and `__init__.py` of packages, in a folder whose names come after one."""
    try:
        names: Collection[str] = sorted(name for name in os.listdir(f"{root}/{folder}") if name > after)[:_MOST_ENTRIES]
    except OSError:
        return []
    files = [f"{folder}/{name}" for name in names if name.endswith(_CODE)]
    return files + [f"{folder}/{name}/__init__.py" for name in names if "." not in name]


def _as_old(path: str, recorded_at: float) -> bool:
    try:
        return os.stat(path).st_mtime <= recorded_at
    except (OSError, ValueError):
        return False
