"""Symbol versions: what native files ask of a library, held against what the library that is found defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.library import BinaryFormat
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.binaries.library import VersionNeed
    from envdoctor.facts.natives import NativeFile


@frozen
class MissingVersion:
    """A version that a library does not define, so that ld.so refuses the file that asks for it.

    Attributes:
        file: that asks.
        library: as the file names it, such as libc.so.6.
        found: the path of the library that ld.so takes.
        version: asked for, the newest of those that are missing: GLIBC_2.38.
        newest: that the library defines, of the same family; empty if it defines none.
        reached: whether an extension module loads the file.
    """

    file: NativeFile
    library: str
    found: str
    version: str
    newest: str = ""
    reached: bool = True

    @property
    def offered(self) -> str:
        """What the library has instead, in words."""
        return f"{self.newest} at most" if self.newest else "no such versions"

    @property
    def proof(self) -> tuple[Evidence, Evidence]:
        """What the file asks for, and what the library defines."""
        defined = f"{self.newest} as its newest" if self.newest else "other versions only"
        return (
            Evidence(source=self.file.path, excerpt=f"needs {self.version} of {self.library}"),
            Evidence(source=self.found, excerpt=f"defines {defined}"),
        )


def missing_versions(
    files: Sequence[tuple[NativeFile, Mapping[str, str]]], reached: frozenset[str]
) -> tuple[MissingVersion, ...]:
    """Every (file, library) of which at least one version is missing.

    The rule is that of glibc's `_dl_check_map_versions`: weak needs don't count, and a library that defines no versions
    at all passes. musl does not look at versions.

    Args:
        files: the native files, each with the names that it needs and the file that each is found in.
        reached: the paths of those that extension modules load.
    """
    definitions = _Definitions()
    lacking = []
    for one, found in files:
        if one.library is None or one.library.format is not BinaryFormat.ELF:
            continue
        needs: dict[str, list[VersionNeed]] = {}
        for need in one.library.versions:
            needs.setdefault(need.file, []).append(need)
        for name, asked in needs.items():
            path = found.get(name, "")
            defined = definitions.of(path) if path else frozenset[str]()
            missing = [need.version for need in asked if not need.weak and defined and need.version not in defined]
            if missing:
                newest = max(missing, key=_order)
                lacking.append(
                    MissingVersion(
                        file=one,
                        library=name,
                        found=path,
                        version=newest,
                        newest=_newest(defined, newest),
                        reached=one.path in reached,
                    )
                )
    return tuple(lacking)


class _Definitions:
    """The versions that libraries define, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def of(self, path: str) -> frozenset[str]:
        """What the library at a path defines; nothing if it can't be read, which is no proof of anything."""
        from envdoctor.binaries.elf import read_version_definitions
        from envdoctor.binaries.files import FileBytes

        if path not in self._known:
            try:
                with FileBytes(path) as source:
                    self._known[path] = frozenset(read_version_definitions(source))
            except Unreadable:
                self._known[path] = frozenset()
        return self._known[path]


def _newest(defined: frozenset[str], like: str) -> str:
    """The newest version of the same family: the part before the numbers, GLIBC or GLIBCXX."""
    family = like.rpartition("_")[0]
    return max((one for one in defined if one.rpartition("_")[0] == family), key=_order, default="")


def _order(version: str) -> tuple[int, ...]:
    """A version's numbers; names without any, such as GLIBC_PRIVATE, stand before all."""
    parts = version.rpartition("_")[2].split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
