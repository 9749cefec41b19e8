"""Lists the native files of a distribution: from its RECORD, or from its folders where it has none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

_ENDINGS = (".so", ".pyd", ".dll", ".dylib")
#: Entries that are looked at in the folders of a distribution without RECORD.
_MOST_ENTRIES = 20_000


def list_native_paths(distribution: Distribution, record: Record | None) -> list[str]:
    """The native files that are there, by name, as absolute paths.

    Args:
        distribution: whose files.
        record: its RECORD; None if it has none, as the packages of Debian and Fedora.
    """
    if record is not None and record.paths:
        base = distribution.root + "/"
        named = [path for path in record.paths if path.endswith(_ENDINGS) or ".so." in path]
        return [base + path for path in named if path not in record.missing]
    paths = []
    for top in _top_level(distribution):
        paths += [path for path in _walk(f"{distribution.root}/{top}") if _is_native_name(path)]
        paths += _single_modules(distribution.root, top)
    return paths


def read_wheel_tags(distribution: Distribution) -> tuple[str, ...]:
    """The tags in a distribution's WHEEL file, such as `cp311-cp311-manylinux_2_27_x86_64`; empty if it has none."""
    try:
        with open(f"{distribution.metadata}/WHEEL", "rb") as stream:
            lines = stream.read(64 << 10).decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(value.strip() for name, _, value in (line.partition(":") for line in lines) if name == "Tag")


def _top_level(distribution: Distribution) -> list[str]:
    """Import names of a distribution: as top_level.txt has them, else the distribution's own name."""
    info = f"{distribution.metadata}/EGG-INFO" if distribution.metadata.endswith(".egg") else distribution.metadata
    try:
        with open(f"{info}/top_level.txt", encoding="utf-8", errors="replace") as stream:
            names = [line.strip() for line in stream]
    except OSError:
        names = [distribution.name, distribution.key.replace("-", "_")]
    return list(dict.fromkeys(name for name in names if name and not name.startswith((".", "/", "~"))))


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
