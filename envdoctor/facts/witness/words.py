"""What `ldd` and `otool -L` print, as values: pure functions of their text."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import dataclass, field

_MUSL_MISSING = "Error loading shared library "
_COMPATIBILITY = " (compatibility version "
_REQUIRED = "' not found (required by "
#: What the kernel maps, not a file; and the loader itself, which is named by its path or found as any library.
_NOT_LOOKED_FOR = ("linux-vdso", "linux-gate", "ld-linux", "ld-musl", "ld64.so", "ldd")
#: glibc's loader tells the interpreter that a file names (PT_INTERP), or the file itself where that is empty, as a
#: library that is found: `./x.so => /lib64/ld-linux-x86-64.so.2`.
_GLIBC_LOADERS = ("ld-linux", "ld64.so")
#: glibc's and musl's words for a static program, and for a file that is for another loader.
_REFUSALS = ("not a dynamic executable", "Not a valid dynamic program")


@dataclass(frozen=True, slots=True, kw_only=True)
class LackedVersion:
    """A symbol version that is not found: the path of the library, and of the file that requires it."""

    version: str
    library: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a witness says of one file.

    Attributes:
        found: each library it names and the paths it is found at; "" among them where it is not found. There are
            several where one file that needs it finds it and another does not. Empty for a witness that does not look.
        versions: symbol versions that it says are not found.
        none: True if it says that the file needs nothing that is looked for.
        refused: True if it says that the file is none that it would load, as it says of static programs too.
    """

    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    versions: tuple[LackedVersion, ...] = ()
    none: bool = False
    refused: bool = False


def parse_ldd(printed: str) -> Words:
    """What `ldd FILE` prints, of glibc (`name => path (address)`, `not found`) and of musl.

    glibc tells missing symbol versions before everything else.
    """
    lines = printed.splitlines()
    answers = [answer for answer in map(_answer, lines) if answer]
    found: dict[str, dict[str, None]] = {}
    for name, path in answers:
        if not _is_loader(name) and not _is_loader(path, _GLIBC_LOADERS):
            found.setdefault(name, {})[path] = None
    return Words(
        found={name: tuple(paths) for name, paths in found.items()},
        versions=tuple(dict.fromkeys(filter(None, map(_lacked_version, lines)))),
        none=not found and (bool(answers) or "statically linked" in printed),
        refused=any(one in printed for one in _REFUSALS),
    )


def parse_otool(printed: str, own_name: str | None) -> Words:
    """The install names that `otool -L FILE` prints, without the file's own (LC_ID_DYLIB), which it lists first."""
    lines = printed.splitlines()
    rows = (line.partition(_COMPATIBILITY) for line in lines if line[:1].isspace())
    names = [name.strip() for name, version, _ in rows if version]
    has_heading = any(line.endswith(":") for line in lines)  # which it lacks for what is no object file
    if own_name is not None and names and names[0] == own_name:
        names = names[1:]
    return Words(found=dict.fromkeys(names, ()), none=has_heading and not names)


def _lacked_version(line: str) -> LackedVersion | None:
    """What glibc's "FILE: LIBRARY: version `VERSION' not found (required by FILE)" tells; weak needs are no matter."""
    what, found, by = line.rstrip().partition(_REQUIRED)
    where, strong, version = what.rpartition(": version `")
    library = where.partition(": ")[2]
    return LackedVersion(version=version, library=library, by=by[:-1]) if found and strong and library else None


def _answer(line: str) -> tuple[str, str] | None:
    """A library and its path ("" if it is not found), if the line tells of one."""
    if line.startswith(_MUSL_MISSING):
        return line.removeprefix(_MUSL_MISSING).partition(": ")[0], ""
    name, arrow, where = line.strip().partition(" => ")
    if arrow and where == "not found":
        return name, ""
    path, address, _ = (where or name).rpartition(" (0x")
    if not address or not (arrow or line[:1].isspace()):
        return None
    return (name if arrow else path), path


def _is_loader(name: str, beginnings: tuple[str, ...] = _NOT_LOOKED_FOR) -> bool:
    return name.rpartition("/")[2].startswith(beginnings)
