"""Whether a Mach-O file is what was signed: the hashes of its code directory against its pages.

Source: <kern/cs_blobs.h> of xnu: an embedded signature holds one or more code directories, all numbers big-endian. The
kernel compares each page when it is first used; tools that change a file after it was signed (install_name_tool,
strip) leave the hashes as they were.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.support.bytes import RandomAccess

_SIGNATURE, _DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_HEADER = struct.Struct(">9I4BI")  # magic, length, version, flags, hash offset, identifier, specials, slots, limit ...
_HASHES = {2: "sha256", 3: "sha256"}  # hash types; SHA-1 stands beside them for systems before 10.12 alone
_MOST_BYTES, _MOST_BLOBS = 16 << 20, 64
_PAGES = range(12, 17)  # powers of two


class _Directory(NamedTuple):
    hashes: bytes  # of the pages, one after the other
    size: int
    limit: int
    page: int


def changed_pages(source: RandomAccess, offset: int, size: int) -> int | None:
    """How many pages of a file are others than were signed; None where that can't be told.

    Args:
        source: the file, one architecture of it.
        offset: where its signature begins.
        size: of the signature.
    """
    directory = _directory(source.read_at(offset, min(size, _MOST_BYTES)))
    if directory is None or directory.limit > offset:
        return None
    changed = 0
    for number in range(-(-directory.limit // directory.page)):
        start = number * directory.page
        page = source.read_at(start, min(directory.page, directory.limit - start))
        told = directory.hashes[number * directory.size : (number + 1) * directory.size]
        changed += hashlib.sha256(page).digest()[: directory.size] != told
    return changed


def _directory(data: bytes) -> _Directory | None:
    """The code directory with SHA-256 hashes, if there is one that is whole."""
    try:
        magic, _, count = struct.unpack_from(">III", data)
        if magic != _SIGNATURE or count > _MOST_BLOBS:
            return None
        places = [struct.unpack_from(">II", data, 12 + 8 * index)[1] for index in range(count)]
        found = [_read(data[place:]) for place in places]
    except struct.error:
        return None
    return next(filter(None, found), None)


def _read(data: bytes) -> _Directory | None:
    magic, _, _, _, hashes, _, _, slots, limit, size, kind, _, page, _ = _HEADER.unpack_from(data)
    if magic != _DIRECTORY or kind not in _HASHES or page not in _PAGES or not size:
        return None
    table = data[hashes : hashes + slots * size]
    if len(table) < slots * size or slots != -(-limit // (1 << page)):
        raise Unreadable("Mach-O code signature that is cut off, or is of another length")
    return _Directory(table, size, limit, 1 << page)
