"""Reads a zip file's central directory, strictly: what an installer and we could read differently is refused.

Source: PKWARE's APPNOTE.TXT, sections 4.3.12 to 4.3.16 and 4.5.3 (zip64). Limits keep hostile files from costing time
and memory: members may not overlap (that is how small archives claim petabytes), nor claim to expand more than DEFLATE
can.
"""

from __future__ import annotations

import posixpath
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.support.bytes import RandomAccess

STORED, DEFLATED = 0, 8
LOCAL_HEADER_SIZE = 30

_TAIL = 64 * 1024
_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_NEWEST_FORMAT = 63  # of APPNOTE 6.3.10, ten times; zipfile refuses what needs a newer one
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LONGEST_COMMENT = 0xFFFF
_MOST_MEMBERS, _MOST_DIRECTORY_BYTES, _MOST_TOTAL_BYTES, _LONGEST_NAME = 100_000, 64 << 20, 64 << 30, 1024
_MOST_EXPANSION = 1032  # RFC 1951: 258 bytes for two bits at best, as zlib's own documentation puts it
SMALL = 0xFFFFFFFF
#: Encrypted, patched data, strongly encrypted: no installer reads that.
UNREADABLE, _UTF8 = 0x0061, 0x0800
_ZIP64_FIELD = 0x0001
_MADE_ON_UNIX = 3  # APPNOTE.TXT 4.4.2.2


@frozen
class Member:
    """One file of an archive.

    Attributes:
        name: its path, with slashes.
        crc: CRC-32 of its content.
        size: of its content, in bytes.
        compressed_size: in the archive.
        method: STORED or DEFLATED, or another that is not read.
        offset: of its local header.
        mode: its Unix permission bits, 0 where the archive has none.
        is_utf8: whether the archive has its name in UTF-8; else in code page 437.
        is_twice: whether the archive has it more than once, with the same content.
    """

    name: str
    crc: int
    size: int
    compressed_size: int
    method: int
    offset: int
    mode: int
    unix_mode: int | None = None
    is_utf8: bool = True
    is_twice: bool = False

    @property
    def raw_name(self) -> bytes:
        """The name as it stands in the archive."""
        return self.name.encode("utf-8" if self.is_utf8 else "cp437")


class _Place(NamedTuple):
    offset: int
    size: int
    members: int


def read_directory(source: RandomAccess) -> dict[str, Member]:
    """Every file of a zip archive by its name, folders left out.

    Raises:
        Unreadable: not a zip file, damaged, encrypted, with unsafe paths, or beyond the limits.
    """
    place = _find(source)
    data = source.read_at(place.offset, place.size)
    if len(data) < place.size:
        raise Unreadable("zip file whose central directory is cut off")
    members: dict[str, Member] = {}
    position, first = 0, source.size
    for _ in range(place.members):
        member, position = _entry(data, position)
        first = min(first, member.offset)
        if not member.name.endswith("/"):
            _add(members, member)
        elif member.size:
            raise Unreadable(f"zip file whose folder {member.name} has the content of a file")
    if position != len(data):
        raise Unreadable("zip file whose central directory does not fill its space")
    if members and first:  # an installer that reads a wheel as it arrives begins at its first byte
        raise Unreadable(f"zip file with {first} bytes before its first member")
    _check(members, place.offset)
    return members


def _find(source: RandomAccess) -> _Place:
    """Where the central directory is, from the record at the end of the file."""
    for length in (_TAIL, _END.size + _LONGEST_COMMENT):
        start = max(0, source.size - length)
        tail = source.read_at(start, source.size - start)
        at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
        if at >= 0:
            break
    else:
        raise Unreadable("not a zip file: no end record")
    _, disk, first_disk, _, count, size, offset, comment = _END.unpack_from(tail, at)
    end = start + at
    if end + _END.size + comment != source.size or disk or first_disk:
        raise Unreadable("zip file whose end record is not at its end, or in several parts")
    if SMALL in (size, offset) or count == 0xFFFF:  # noqa: PLR2004 - the largest 16-bit number
        return _find_64(source, end)
    return _bounded(offset, size, count, end)


def _find_64(source: RandomAccess, end: int) -> _Place:
    at = end - _LOCATOR.size
    locator = source.read_at(at, _LOCATOR.size) if at >= 0 else b""
    if locator[:4] != b"PK\6\7":
        # Exactly 65,535 members need no zip64 record: the ordinary one is complete then.
        _, _, _, _, count, size, offset, _ = _END.unpack(source.read_at(end, _END.size))
        return _bounded(offset, size, count, end)
    _, disk, record_at, disks = _LOCATOR.unpack(locator)
    record = source.read_at(record_at, _END_64.size) if record_at < at else b""
    if len(record) < _END_64.size or record[:4] != b"PK\6\6":
        raise Unreadable("zip file whose zip64 end record is not where it should be")
    _, _, _, _, here, first_disk, _, count, size, offset = _END_64.unpack(record)
    if disk or here or first_disk or disks > 1:
        raise Unreadable("zip file in several parts")
    return _bounded(offset, size, count, record_at)


def _bounded(offset: int, size: int, count: int, end: int) -> _Place:
    if offset + size != end:
        raise Unreadable("zip file whose central directory is not before its end record")
    if count > _MOST_MEMBERS or size > _MOST_DIRECTORY_BYTES:
        raise Unreadable(f"zip file with {count} members in a directory of {size} bytes")
    return _Place(offset, size, count)


def _entry(data: bytes, position: int) -> tuple[Member, int]:
    if position + _ENTRY.size > len(data) or data[position : position + 4] != b"PK\1\2":
        raise Unreadable("zip file with a damaged central directory")
    fields = _ENTRY.unpack_from(data, position)
    flags, method, crc, compressed_size, size = fields[3], fields[4], *fields[7:10]
    name_size, extra_size, comment_size, attributes, offset = fields[10], fields[11], fields[12], fields[15], fields[16]
    start = position + _ENTRY.size
    end = start + name_size + extra_size + comment_size
    if end > len(data):
        raise Unreadable("zip file with a damaged central directory")
    name = _name(data[start : start + name_size], flags)
    if SMALL in (size, compressed_size, offset):
        extra = data[start + name_size : start + name_size + extra_size]
        size, compressed_size, offset = _wide(extra, (size, compressed_size, offset), name)
    if fields[2] & 0xFF > _NEWEST_FORMAT:
        raise Unreadable(f"zip file whose member {name} needs the unknown version {fields[2] & 0xFF} of the format")
    if flags & UNREADABLE:
        raise Unreadable(f"zip file with the encrypted or patched member {name}")
    member = Member(
        name=name,
        crc=crc,
        size=size,
        compressed_size=compressed_size,
        method=method,
        offset=offset,
        mode=attributes >> 16 & 0o7777,
        is_utf8=bool(flags & _UTF8),
        unix_mode=attributes >> 16 if fields[1] >> 8 == _MADE_ON_UNIX else None,
    )
    return member, end


def _wide(extra: bytes, values: tuple[int, int, int], name: str) -> tuple[int, int, int]:
    """The sizes and the offset with those that say "too large" taken from the zip64 field, in its order."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == _ZIP64_FIELD and position + 4 + length <= len(extra):
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", extra, position + 4))
            size, compressed_size, offset = (next(numbers, -1) if value == SMALL else value for value in values)
            if min(size, compressed_size, offset) >= 0:
                return size, compressed_size, offset
        position += 4 + length
    raise Unreadable(f"zip file whose member {name} lacks its zip64 sizes")


def _name(raw: bytes, flags: int) -> str:
    """A member's path; refused if it could lead out of the folder that it is unpacked into."""
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError as error:
        raise Unreadable(f"zip file with a member name that is not UTF-8: {raw[:80]!r}") from error
    path = name.rstrip("/")
    safe = path and name.isprintable() and "\\" not in name and ":" not in path.split("/")[0]
    if (
        len(raw) > _LONGEST_NAME
        or not safe
        or path.startswith("/")
        or posixpath.normpath(path) != path
        or path[:2] == ".."
    ):
        raise Unreadable(f"zip file with the unsafe member name {name[:80]!r}")
    return name


def _add(members: dict[str, Member], member: Member) -> None:
    twin = members.setdefault(member.name, member)
    if twin is not member:
        if (twin.crc, twin.size) != (member.crc, member.size):
            raise Unreadable(f"zip file that holds {member.name} twice, with different content")
        members[member.name] = replace(twin, is_twice=True)
    impossible = member.size > member.compressed_size * _MOST_EXPANSION + _MOST_EXPANSION
    if impossible or (member.method == STORED and member.size != member.compressed_size):
        raise Unreadable(f"zip file whose member {member.name} claims {member.size} of {member.compressed_size} bytes")


def _folders(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


def _check(members: dict[str, Member], end: int) -> None:
    if sum(member.size for member in members.values()) > _MOST_TOTAL_BYTES:
        raise Unreadable("zip file that would unpack to more than 64 GiB")
    for member in sorted(members.values(), key=lambda member: member.offset, reverse=True):
        least = LOCAL_HEADER_SIZE + len(member.raw_name) + member.compressed_size
        if member.offset + least > end:
            raise Unreadable(f"zip file whose member {member.name} overlaps the next one")
        end = member.offset
    folders = {folder for name in members for folder in _folders(name)}
    if clash := next((name for name in members if name in folders), None):
        raise Unreadable(f"zip file in which {clash} is a file and a folder")
