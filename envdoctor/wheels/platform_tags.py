"""What the tags of a wheel's file name promise: Pythons, ABIs and platforms (PEP 425, 600, 656)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from envdoctor.binaries.library import BinaryFormat

_MODERN = re.compile(r"(?P<kind>manylinux|musllinux|macosx)_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)")
_LEGACY = re.compile(r"(?P<name>manylinux(?:1|2010|2014))_(?P<arch>\w+)")
_OTHER = re.compile(r"(?P<kind>linux|win)_(?P<arch>\w+)")
_LEGACY_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_MAC_ARCHITECTURES = {
    "universal2": ("arm64", "x86_64"),
    "intel": ("x86_64", "i386"),
    "fat64": ("x86_64",),
    "fat32": ("i386",),
    "universal": ("x86_64", "i386"),
}
_OLDER_ARM = {"armv5l", "armv5tel", "armv6l", "armv8l"}
_FORMATS = {
    "linux": BinaryFormat.ELF,
    "manylinux": BinaryFormat.ELF,
    "musllinux": BinaryFormat.ELF,
    "macosx": BinaryFormat.MACHO,
    "win": BinaryFormat.PE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTag:
    """The last part of a tag.

    Attributes:
        text: as written.
        kind: linux, manylinux, musllinux, macosx or win; "any"; "" for a platform that envdoctor does not know.
        version: the oldest glibc, musl or macOS; None where the tag names none.
        architectures: as `NativeLibrary.architectures` names them; more than one where a file must have all.
    """

    text: str
    kind: str = ""
    version: tuple[int, int] | None = None
    architectures: tuple[str, ...] = ()

    @property
    def format(self) -> BinaryFormat | None:
        """That of its native files."""
        return _FORMATS.get(self.kind)


def parse_platform(text: str) -> PlatformTag:
    """Reads one platform tag, such as ``manylinux_2_17_x86_64``."""
    if text == "any":
        return PlatformTag(text=text, kind="any")
    if text == "win32":
        return PlatformTag(text=text, kind="win", architectures=("win32",))
    if match := _MODERN.fullmatch(text):
        version = int(match["major"]), int(match["minor"])
        return PlatformTag(
            text=text, kind=match["kind"], version=version, architectures=_architectures(match["kind"], match["arch"])
        )
    if match := _LEGACY.fullmatch(text):
        version = _LEGACY_GLIBC[match["name"]]
        return PlatformTag(
            text=text, kind="manylinux", version=version, architectures=_architectures("manylinux", match["arch"])
        )
    if match := _OTHER.fullmatch(text):
        return PlatformTag(text=text, kind=match["kind"], architectures=_architectures(match["kind"], match["arch"]))
    return PlatformTag(text=text)


def _architectures(kind: str, name: str) -> tuple[str, ...]:
    if kind == "macosx":
        return _MAC_ARCHITECTURES.get(name, (name,))
    if name == "mips64":  # as kernels of either byte order call themselves
        return (name, "mips64el")
    return ("armv7l",) if name in _OLDER_ARM else (name,)  # an ELF header does not tell them apart
