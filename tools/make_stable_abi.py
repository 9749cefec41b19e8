"""Writes envdoctor/data/stable_abi.toml: the names of CPython's stable ABI, and the version that brought each.

Run where the package abi3info is installed, whose tables are made of CPython's own `stable_abi.toml`:

    python tools/make_stable_abi.py
"""

from __future__ import annotations

import textwrap
from importlib.metadata import version
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "envdoctor/data/stable_abi.toml"
HEAD = """\
# The functions and data of CPython's stable ABI (PEP 384, PEP 652) by the version that brought them, from the tables of
# abi3info {version}, written by tools/make_stable_abi.py.
[since]
"""


def main() -> None:
    """Reads the tables and writes the file."""
    from abi3info import DATAS, FUNCTIONS

    names: dict[tuple[int, int], set[str]] = {}
    for symbol, row in [*FUNCTIONS.items(), *DATAS.items()]:
        names.setdefault((row.added.major, row.added.minor), set()).add(symbol.name)
    rows = [HEAD.format(version=version("abi3info"))]
    for (major, minor), found in sorted(names.items()):
        lines = textwrap.wrap(" ".join(sorted(found)), 118, break_long_words=False, break_on_hyphens=False)
        rows.append('"{}.{}" = """\n{}\n"""\n'.format(major, minor, "\n".join(lines)))
    TABLE.write_text("".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
