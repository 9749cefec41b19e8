"""What `ldd` and `otool -L` print, as values: pure functions of their text."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import dataclass, field

_ARROW = re.compile(r"\s*(?P<name>\S.*?) => (?P<path>not found|/.*?)(?: \(0x[0-9a-f]+\))?\s*$")
_DIRECT = re.compile(r"\s+(?P<path>/\S.*?)(?: => (?P<found>/.*?))? \(0x[0-9a-f]+\)\s*$")
_MUSL_MISSING = re.compile(r"Error loading shared library (?P<name>[^:]+): .*\(needed by (?P<by>[^)]*)\)")
_VERSION = re.compile(r"version [`'](?P<version>[^']+)' not found \(required by (?P<by>.*)\)")
_INSTALL_NAME = re.compile(r"\s+(?P<name>\S.*?) \(compatibility version .*\)\s*$")
#: What the kernel maps, not a file; and the loader itself, which is named by its path or found as any library.
_NOT_LOOKED_FOR = ("linux-vdso", "linux-gate", "ld-linux", "ld-musl", "ld64.so", "ldd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a witness says of one file.

    Attributes:
        found: each library it names and the path it is found at; "" where it is not found.
        versions: symbol versions that it says are not found.
        none: True if it says that the file needs nothing that is looked for.
    """

    found: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    none: bool = False


def parse_ldd(printed: str) -> Words:
    """What `ldd FILE` prints, of glibc (`name => path (address)`, `not found`) and of musl.

    A library is told once, however many files need it. glibc tells missing symbol versions before everything else.
    """
    found: dict[str, str] = {}
    versions: list[str] = []
    for line in printed.splitlines():
        if version := _VERSION.search(line):
            versions.append(version["version"])
        elif missing := _MUSL_MISSING.search(line):
            found.setdefault(missing["name"], "")
        elif arrow := _ARROW.match(line):
            found.setdefault(arrow["name"], "" if arrow["path"] == "not found" else arrow["path"])
        elif direct := _DIRECT.match(line):
            found.setdefault(direct["path"], direct["found"] or direct["path"])
    looked_for = {name: path for name, path in found.items() if not _is_loader(name)}
    none = "statically linked" in printed or "not a dynamic executable" in printed
    return Words(found=looked_for, versions=tuple(dict.fromkeys(versions)), none=none)


def parse_otool(printed: str, own_name: str | None) -> Words:
    """The install names that `otool -L FILE` prints, without the file's own (LC_ID_DYLIB), which it lists first."""
    lines = (_INSTALL_NAME.match(line) for line in printed.splitlines())
    names = [line["name"] for line in lines if line]
    if own_name is not None and names and names[0] == own_name:
        names = names[1:]
    return Words(found=dict.fromkeys(names, ""), none=not names)


def _is_loader(name: str) -> bool:
    return name.rpartition("/")[2].startswith(_NOT_LOOKED_FOR)
