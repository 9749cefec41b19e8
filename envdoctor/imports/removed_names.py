"""Names that a version of a distribution, or of Python, no longer has; the table is data/removed_names.toml."""

from __future__ import annotations

import functools
import re

from envdoctor.core.data import load_table

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def removed_since(of: str, version: str | tuple[int, ...], module: str, name: str) -> str:
    """The version that a name of a module is gone since, as `2.0`; "" if it is there, or nothing is known of it.

    Args:
        of: the distribution, or `python`.
        version: its version.
        module: the module that has the name.
        name: the name.
    """
    have = version if isinstance(version, tuple) else release_numbers(version)
    for since, until in _rows().get((of.lower(), module, name), ()):
        if have >= release_numbers(since) and not (until and have >= release_numbers(until)):
            return since
    return ""


@functools.cache
def _rows() -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    rows: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in load_table("removed_names")["removed"]:
        for name in row["names"]:
            rows.setdefault((row["of"], row["module"], name), []).append((row["since"], row.get("until", "")))
    return rows


def release_numbers(text: str) -> tuple[int, ...]:
    """The release numbers that a version begins with."""
    match = _NUMBERS.match(text)
    return tuple(map(int, match[0].split("."))) if match else ()
