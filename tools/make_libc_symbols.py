"""Writes envdoctor/data/libc_symbols.toml: the names that C libraries and zlib export.

Run where `readelf` is, over the unpacked packages of a distribution (`dpkg-deb -x libc6_*.deb glibc`, and musl's):

    python tools/make_libc_symbols.py GLIBC_FOLDER MUSL_FOLDER ZLIB_FOLDER
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "envdoctor/data/libc_symbols.toml"
GLIBC = ("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libresolv.so.2")
ZLIB, LOADERS, MUSL = "libz.so.1", "ld-linux*.so.*", ("libc.so", "ld-musl-*.so.1")
HEAD = """\
# What C libraries and zlib export, for names that a file wants without a version: readelf --dyn-syms over {sources}
# (x86_64), written by tools/make_libc_symbols.py. glibc: each name under the version that brought it, the first of its
# symbol versions; what glibc 2.17 had is together, as no wheel is for an older one.
"""
OLDEST = (2, 17)
COLUMNS = 8  # of a symbol


def main(glibc: Path, musl: Path, zlib: Path) -> None:
    """Reads the libraries and writes the table."""
    versions: dict[str, tuple[int, ...]] = {}
    for pattern in (*GLIBC, LOADERS):
        for name, version in exported(next(glibc.rglob(pattern))):
            number = tuple(map(int, re.findall(r"\d+", version))) if version.startswith("GLIBC_2") else None
            if number:
                versions[name] = min(versions.get(name, number), number)
    names: dict[tuple[int, ...], list[str]] = {}
    for name, number in versions.items():
        names.setdefault(max(number, OLDEST), []).append(name)
    of_musl = {name for name, _ in exported(next(path for pattern in MUSL for path in musl.rglob(pattern)))}
    newest = ".".join(map(str, max(names)))
    rows = [HEAD.format(sources=f"glibc {newest}, musl and zlib"), "[glibc]\n"]
    rows += [row(".".join(map(str, number)), found) for number, found in sorted(names.items())]
    rows += ["\n[musl]\n", row("all", of_musl)]
    rows += ["\n[zlib]\n", row("all", {name for name, _ in exported(next(zlib.rglob(ZLIB)))})]
    TABLE.write_text("".join(rows), encoding="utf-8")


def exported(library: Path) -> list[tuple[str, str]]:
    """(name, version) of each symbol that a library defines."""
    command = ["readelf", "--dyn-syms", "--wide", str(library)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for fields in map(str.split, lines):
        if len(fields) == COLUMNS and fields[4] in {"GLOBAL", "WEAK"} and fields[6] not in {"UND", "ABS"}:
            name, _, version = fields[7].replace("@@", "@").partition("@")
            found.append((name, version))
    return found


def row(key: str, names: list[str] | set[str]) -> str:
    """One key of the table."""
    text = textwrap.fill(" ".join(sorted(names)), 118, break_long_words=False, break_on_hyphens=False)
    return f'"{key}" = """\n{text}"""\n'


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
