"""Reads tar archives in order, from any stream: ustar, GNU long names and pax paths, and nothing cleverer.

Sources: POSIX pax (the ustar and pax interchange formats); the GNU tar manual, "Basic Tar Format". Sparse files,
devices and whatever else a compiler's package has no use for are refused, so that what is read is what gets written.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.support.bounded import Source

_BLOCK = 512
_MAX_EXTENSION = 1 << 20
_MAX_HEADERS = 100_000
_LONGEST_DIGITS = 19  # of 2**63
_PIECE = 1 << 16
_NUMBERS = (slice(100, 108), slice(108, 116), slice(116, 124), slice(136, 148))  # mode, owner, group, time


class MemberKind(enum.Enum):
    """What a member is; others are refused."""

    FILE = "0"
    HARD_LINK = "1"
    LINK = "2"
    FOLDER = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member.

    Attributes:
        name: its path, as written.
        target: where a link points, as written; empty for others.
        executable: True if its owner may execute it.
    """

    name: str
    kind: MemberKind
    size: int = 0
    target: str = ""
    executable: bool = False


class TarReader:
    """Iterates over an archive; the content of the member at hand is read with `pieces`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = 0
        self._padding = 0
        self._headers = 0

    def __iter__(self) -> Iterator[Member]:
        """Every member, in order.

        Raises:
            Unreadable: the archive is damaged, cut short, or holds a member of another kind.
        """
        extended: dict[str, str] = {}
        while (block := self._next_header()) is not None:
            kind = block[156:157].decode("latin-1").replace("\0", "0").replace("7", "0")
            size = _number(block[124:136])
            if size < 0:
                raise Unreadable("no tar archive, or a damaged one: a size below zero")
            if kind in "LKxg":
                content = self._extension(size)
                told = _pax(content) if kind in "xg" else {_GNU[kind]: _text(content)}
                if kind == "g" and told:
                    raise Unreadable("the tar archive has one name or size for all its members")
                extended.update(told)
                continue
            if "size" in extended:
                size = _decimal(extended["size"])
            member = _member(block, kind, size, extended)
            extended = {}
            self._start(member.size)
            yield member
        while self._source.read(_PIECE):  # what is compressed has its checksum at the end
            pass

    def pieces(self) -> Iterator[bytes]:
        """The content of the member at hand.

        Raises:
            Unreadable: the archive ends within it.
        """
        while self._left:
            data = self._source.read(min(self._left, _PIECE))
            if not data:
                raise Unreadable("the tar archive is cut short")
            self._left -= len(data)
            yield data

    def _start(self, size: int) -> None:
        self._left, self._padding = size, -size % _BLOCK

    def _next_header(self) -> bytes | None:
        for _ in self.pieces():
            pass
        self._exactly(self._padding)
        self._padding = 0
        block = self._source.read(_BLOCK)
        if not block.strip(b"\0") and (block or self._headers):  # the end mark, or the end of the file
            return None
        if len(block) != _BLOCK:
            raise Unreadable("the tar archive is cut short")
        self._headers += 1
        if self._headers > _MAX_HEADERS:  # there can be any number of them before one member
            raise Unreadable(f"the tar archive has more than {_MAX_HEADERS:,} headers")
        for field in _NUMBERS:
            _number(block[field])
        if _number(block[148:156]) != sum(block[:148]) + sum(block[156:]) + 8 * 32:
            raise Unreadable("no tar archive, or a damaged one: wrong checksum of a header")
        return block

    def _extension(self, size: int) -> bytes:
        if size > _MAX_EXTENSION:
            raise Unreadable(f"the tar archive has a name record of {size} bytes")
        content = self._exactly(size)
        self._exactly(-size % _BLOCK)
        return content

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size) if size else b""
        if len(data) != size:
            raise Unreadable("the tar archive is cut short")
        return data


_GNU = {"L": "name", "K": "target"}
_PAX = {"path": "name", "linkpath": "target", "size": "size"}


def _member(block: bytes, kind: str, size: int, extended: dict[str, str]) -> Member:
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    try:
        known = MemberKind(kind)
    except ValueError as error:
        raise Unreadable(f"{name[:200]!r} is neither a file, a folder nor a link (tar type {kind!r})") from error
    return Member(
        name=extended.get("name") or name,
        kind=known,
        size=size if known is MemberKind.FILE else 0,
        target=extended.get("target") or _text(block[157:257]),
        executable=bool(_number(block[100:108]) & 0o100),
    )


def _pax(content: bytes) -> dict[str, str]:
    """The records that matter here; one is its own length, a space, `KEY=VALUE` and a line end."""
    found = {}
    start = 0
    while start < len(content):
        space = content.find(b" ", start, start + _LONGEST_DIGITS + 1)
        digits = content[start : max(start, space)]
        size = _decimal(digits.decode("latin-1"))
        record = content[start : start + size]
        if not len(digits) < size == len(record) or not record.endswith(b"\n"):
            raise Unreadable("the tar archive has a damaged pax header")
        key, _, value = record[len(digits) + 1 : -1].partition(b"=")
        start += size
        if key.startswith(b"GNU.sparse"):
            raise Unreadable("the tar archive has a sparse file, which is not supported")
        if key.decode("latin-1") in _PAX:
            found[_PAX[key.decode("latin-1")]] = value.decode("utf-8", "surrogateescape")
    return found


def _number(field: bytes) -> int:
    """An octal number, or GNU's base-256 one."""
    if field[:1] in {b"\x80", b"\xff"}:
        return int.from_bytes(field[1:], "big", signed=field[:1] == b"\xff")
    text = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]*", text):
        raise Unreadable(f"no tar archive, or a damaged one: {text!r} should be an octal number")
    return int(text or b"0", 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_DIGITS):
        raise Unreadable("the tar archive has a damaged pax header")
    return int(text)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")
