"""Lists the native files of a distribution: from its RECORD, or from its folders where it has none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

_ENDINGS = (".so", ".pyd", ".dll", ".dylib")
#: Entries that are looked at in the folders of a distribution without RECORD.
_MOST_ENTRIES = 20_000
_MOST_BYTES = 64 << 10


def list_native_paths(distribution: Distribution, record: Record | None, listed: Container[str] = ()) -> list[str]:
    """The native files that are there, by name, as absolute paths.

    Args:
        distribution: whose files.
        record: its RECORD; None if it has none, as the packages of Debian and Fedora.
        listed: what other RECORDs list; of a RECORD that can't be relied on, files beside it that nobody lists count.
    """
    paths = native_rows(record) if record is not None else []
    if record is not None and record.paths and not record.problem:
        return paths + [f"{distribution.root}/{path}" for path in record.unlisted if _is_native_name(path)]
    tops = dict.fromkeys([*top_level(distribution), *(_packages_of(record) if record is not None else ())])
    for top in tops:
        paths += [path for path in _walk(f"{distribution.root}/{top}") if _is_native_name(path)]
        paths += _single_modules(distribution.root, top)
    return [path for path in dict.fromkeys(paths) if path not in listed]


def native_rows(record: Record) -> list[str]:
    """The native files that a RECORD lists and that are there, as absolute paths."""
    base = record.distribution.root + "/"
    named = [path for path in record.paths if path.endswith(_ENDINGS) or ".so." in path]
    return [base + path for path in named if path not in record.missing]


def _packages_of(record: Record) -> Iterator[str]:
    """The folders in site-packages that a RECORD's rows begin with, but for those of metadata."""
    folders = {path.partition("/")[0] for path in record.paths if "/" in path}
    return (name for name in sorted(folders) if name.isidentifier())


def read_wheel_tags(distribution: Distribution) -> tuple[str, ...]:
    """The tags in a distribution's WHEEL file, such as `cp311-cp311-manylinux_2_27_x86_64`; empty if it has none."""
    try:
        lines = read_head(f"{distribution.metadata}/WHEEL", _MOST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(value.strip() for name, _, value in (line.partition(":") for line in lines) if name == "Tag")


def top_level(distribution: Distribution) -> list[str]:
    """Import names of a distribution: as top_level.txt has them, else the distribution's own name."""
    info = f"{distribution.metadata}/EGG-INFO" if distribution.metadata.endswith(".egg") else distribution.metadata
    try:
        text = read_head(f"{info}/top_level.txt", _MOST_BYTES).decode("utf-8", "replace")
        names = [line.strip() for line in text.splitlines()]
    except OSError:
        names = [distribution.name, distribution.key.replace("-", "_")]
    return list(dict.fromkeys(filter(_is_inside, names)))


def _is_inside(name: str) -> bool:
    """Whether a name can be a folder or a module below the folder of packages."""
    return bool(name) and not name.startswith((".", "/", "~")) and ".." not in name.split("/") and "\0" not in name


def _walk(folder: str) -> Iterator[str]:
    left = _MOST_ENTRIES
    for place, _, names in os.walk(folder):
        for name in names:
            yield f"{place}/{name}"
        left -= len(names)
        if left < 0:
            return


def _is_native_name(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(_ENDINGS) or ".so." in name


def _single_modules(root: str, top: str) -> list[str]:
    """Extension modules of that name that lie in the folder itself."""
    try:
        names = os.listdir(root)
    except OSError:
        return []
    return [f"{root}/{name}" for name in names if name.startswith(f"{top}.") and _is_native_name(name)]
