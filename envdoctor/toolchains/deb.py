"""Debian packages without dpkg: the ar archive with its two tar archives (deb(5)), and their control fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003
from typing import BinaryIO

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import Inflated
from envdoctor.support.text import read_number
from envdoctor.toolchains.tar import TarReader

MAGIC = b"!<arch>\n"

_HEADER = 60
_MAX_MEMBERS = 32
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
        self.start += len(data)
        self.size -= len(data)
        return data


def find_part(stream: BinaryIO, prefix: str) -> Part:
    """The member of a package whose name begins so: `control.tar` or `data.tar`.

    Raises:
        Unreadable: it is no Debian package, or has no such member.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise Unreadable("no Debian package: it is not an ar archive")
    for _ in range(_MAX_MEMBERS):
        header = stream.read(_HEADER)
        if not header:
            break
        digits = header[48:58].strip()
        if len(header) != _HEADER or header[58:] != b"`\n" or not re.fullmatch(rb"[0-9]{1,10}", digits):
            raise Unreadable("no Debian package: a damaged ar archive")
        size, name = int(digits), header[:16].decode("latin-1").strip().rstrip("/")
        if name.startswith(prefix):
            return Part(stream=stream, start=stream.tell(), size=size)
        stream.seek(size + size % 2, 1)
    raise Unreadable(f"no Debian package: the ar archive has no {prefix}")


def read_control(package: Path) -> dict[str, str]:
    """The control fields of a package (`Package`, `Version`, `Architecture`, ...).

    Raises:
        Unreadable: it is no Debian package, or a damaged one.
    """
    with package.open("rb") as stream:
        reader = TarReader(Inflated(find_part(stream, "control.tar"), _MAX_CONTROL_ARCHIVE))
        for member in reader:
            if member.name.removeprefix("./") == "control":
                if member.size > _MAX_CONTROL:
                    raise Unreadable(f"{package}: a control file of {member.size} bytes")
                return parse_stanza(b"".join(reader.pieces()).decode("utf-8", "replace"))
    raise Unreadable(f"{package} is a Debian package without a control file")


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
