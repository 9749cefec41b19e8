"""Debian packages without dpkg: the ar archive with its two tar archives (deb(5)), and their control fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING, BinaryIO

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import Inflated
from envdoctor.support.text import read_number
from envdoctor.toolchains.tar import TarReader

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"!<arch>\n"

_HEADER = 60
_MAX_MEMBERS = 32
_FORMAT = re.compile(rb"2\.[0-9]+\n")
#: What the suffixes of a part's name say of its first bytes (deb(5)).
_PACKED = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
_MAGICS = {"": b"", **dict(zip((".gz", ".xz", ".bz2", ".zst"), _PACKED, strict=True))}
_LONGEST_MAGIC = 6
_UNPACKED = {"", ".gz"}  # zlib passes on what is not compressed
_MAX_CONTROL = 1 << 20
_MAX_CONTROL_ARCHIVE = 64 << 20


@dataclass(slots=True)
class Part:
    """A stretch of a file, read in order."""

    stream: BinaryIO
    start: int
    size: int

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes of what is left."""
        self.stream.seek(self.start)
        data = self.stream.read(min(size, self.size))
        if self.size and not data:
            raise Unreadable("the Debian package is cut short")
        self.start += len(data)
        self.size -= len(data)
        return data


def find_part(stream: BinaryIO, part: str) -> Part:
    """A part of a package, `control.tar` or `data.tar`, whatever it is compressed with.

    Raises:
        Unreadable: it is no Debian package, or dpkg would refuse it for its members, their order or their compression.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise Unreadable("no Debian package: it is not an ar archive")
    members = _members(stream)
    name, version = next(members, ("", None))
    if version is None or name != "debian-binary" or not _FORMAT.match(version.read(_HEADER)):
        raise Unreadable("no Debian package: its first member is no debian-binary of format 2")
    wanted = ["control.tar", "data.tar"]
    for name, member in members:
        if name.startswith("_"):  # deb(5): other programs' own, to be passed over
            continue
        expected = wanted.pop(0)
        suffix = name.removeprefix(expected)
        if not name.startswith(expected) or suffix not in _MAGICS:
            raise Unreadable(f"no Debian package: {name!r} is where {expected} must be")
        if expected == part:
            stream.seek(member.start)
            head = stream.read(_LONGEST_MAGIC)
            if not (head.startswith(_MAGICS[suffix] or b"\0") if head.startswith(_PACKED) else suffix in _UNPACKED):
                raise Unreadable(f"no Debian package: {name} is not compressed as its name says")
            return member
    raise Unreadable(f"no Debian package: the ar archive has no {wanted[0]}")


def _members(stream: BinaryIO) -> Iterator[tuple[str, Part]]:
    position = len(MAGIC)
    for _ in range(_MAX_MEMBERS):
        stream.seek(position)
        header = stream.read(_HEADER)
        if not header:
            return
        digits = header[48:58].strip()
        if len(header) != _HEADER or header[58:] != b"`\n" or not re.fullmatch(rb"[0-9]{1,10}", digits):
            raise Unreadable("no Debian package: a damaged ar archive")
        position += _HEADER
        yield (
            header[:16].decode("latin-1").strip().removesuffix("/"),
            Part(stream=stream, start=position, size=int(digits)),
        )
        position += int(digits) + int(digits) % 2


def read_control(package: Path) -> dict[str, str]:
    """The control fields of a package (`Package`, `Version`, `Architecture`, ...).

    Raises:
        Unreadable: it is no Debian package, or a damaged one.
    """
    found = None
    with package.open("rb") as stream:
        reader = TarReader(Inflated(find_part(stream, "control.tar"), _MAX_CONTROL_ARCHIVE))
        for member in reader:  # to its end, where the checksum is
            if found is None and member.name.removeprefix("./") == "control":
                if member.size > _MAX_CONTROL:
                    raise Unreadable(f"{package}: a control file of {member.size} bytes")
                found = parse_stanza(b"".join(reader.pieces()).decode("utf-8", "replace"))
    if found is None:
        raise Unreadable(f"{package} is a Debian package without a control file")
    return found


def parse_stanza(text: str) -> dict[str, str]:
    """One paragraph of deb822(5); continuation lines are joined to their field."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in {" ", "\t"} and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields


def version_key(version: str) -> tuple[object, ...]:
    """Orders versions as dpkg does (deb-version(7)): epoch, upstream version, revision."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return (read_number(epoch) if epoch.isdecimal() else 0, _part_key(upstream), _part_key(revision))


def _part_key(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Runs of non-digits and numbers in turn; `~` sorts before the end, letters before other signs."""
    parts = re.findall(r"([^0-9]*)([0-9]*)", text)
    return tuple(((*map(_letter, word), 0), read_number(digits or "0")) for word, digits in parts)


def _letter(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
