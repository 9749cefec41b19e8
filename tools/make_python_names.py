"""Writes envdoctor/data/python_names.toml: which names a CPython on Linux exports no more, or not yet.

Run with the folder that pyenv keeps its Pythons in, one of each version, and `nm` of the binutils:

    python tools/make_python_names.py ~/.pyenv/versions
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import tomllib

DATA = Path(__file__).resolve().parent.parent / "envdoctor/data"
HEAD = """\
# The public names that CPython on Linux exports, as far as versions differ in them: what `nm -D` shows of 2.7.18 and of
# 3.6 to 3.13, and of 3.14 what the stable ABI got. `gone` by the version that first lacks them; `brought`, of those of
# the stable ABI, by the version that first has them. Written by tools/make_python_names.py.
"""
FIRST_BROUGHT, LAST_BROUGHT = (3, 9), (3, 14)
#: Names that extension modules use: not those of parts of Python that were exported by the way.
PUBLIC = re.compile(
    r"Py(?!Init_|Pegen_|ST_|STEntry|Symtable|Arena_|Future_|Node_|Parser_|Tokenizer|Grammar_|AST_)[A-Z_]\w*"
)
PRIVATE = re.compile(
    r"\w+_(?:Fini|Init|ClearFreeLists?|Cleanup)|Py(?:Buffered|Raw|Text|File|Bytes|String|Incremental)\w*IO\w*"
)


def exported(home: Path) -> set[str]:
    """The public names of Python's library, or of the program where that has all of it."""
    libraries = [path for path in home.glob("lib/libpython?.*.so.1.0") if path.is_file()]
    command = ["nm", "-D", "--defined-only", str(libraries[0] if libraries else home / "bin/python")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = (line.split()[-1].partition("@")[0] for line in text.splitlines())
    public = {name for name in names if PUBLIC.fullmatch(name) and not PRIVATE.fullmatch(name)}
    return {"PyUnicodeUCS" if name.startswith("PyUnicodeUCS") else name for name in public}  # Python 2 had two kinds


def table(title: str, rows: dict[tuple[int, ...], set[str]]) -> str:
    """One table of the file."""
    text = f"\n[{title}]\n"
    for version, names in sorted(rows.items()):
        lines = textwrap.wrap(" ".join(sorted(names)), 118, break_long_words=False, break_on_hyphens=False)
        text += '"{}.{}" = """\n{}\n"""\n'.format(*version, "\n".join(lines)) if names else ""
    return text


def main() -> None:
    """Reads the Pythons and writes the file."""
    homes = {tuple(map(int, path.name.split(".")[:2])): path for path in Path(sys.argv[1]).iterdir()}
    found = {version: exported(home) for version, home in sorted(homes.items())}
    versions = list(found)
    later = {version: set().union(*(found[other] for other in versions if other >= version)) for version in versions}
    earlier = {version: set().union(*(found[other] for other in versions if other < version)) for version in versions}
    gone = {
        (3, 0) if before < (3, 0) else after: found[before] - later[after]
        for before, after in itertools.pairwise(versions)
    }
    stable = tomllib.loads((DATA / "stable_abi.toml").read_text(encoding="utf-8"))["since"]
    added = {name: tuple(map(int, key.split("."))) for key, text in stable.items() for name in text.split()}
    brought = {version: (found[version] - earlier[version]) & set(added) for version in versions}
    for name, version in added.items():
        if versions[-1] < version <= LAST_BROUGHT and name not in earlier[versions[-1]] | found[versions[-1]]:
            brought.setdefault(version, set()).add(name)
    brought = {version: set(filter(PUBLIC.fullmatch, names)) for version, names in brought.items()}
    brought = {version: names for version, names in brought.items() if version >= FIRST_BROUGHT}
    text = HEAD + table("gone", gone) + table("brought", brought)
    (DATA / "python_names.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
