"""Reads /etc/ld.so.cache, glibc's table from sonames to paths.

Source: glibc, sysdeps/generic/dl-cache.h (the "new format", alone or behind the old one).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.support.bytes import RandomAccess

_OLD, _NEW = b"ld.so-1.7.0", b"glibc-ld.so.cache1.1"
_OLD_HEADER, _OLD_ENTRY = struct.Struct("<12xI"), 12
_HEADER, _ENTRY = struct.Struct("<20sII5I"), struct.Struct("<iIIIQ")
_MOST_BYTES, _MOST_ENTRIES = 16 << 20, 200_000
# The low byte says ELF; the next one the architecture, as glibc's sysdeps/*/dl-cache.h number them.
_ARCHITECTURES = {
    0x0003: "i686",
    0x0303: "x86_64",
    0x0803: "x32",
    0x0A03: "aarch64",
    0x0903: "armv7l",
    0x0403: "s390x",
    0x0503: "ppc64le",
    0x0F03: "riscv64",
    0x1003: "riscv64",
    0x1103: "loongarch64",
    0x1203: "loongarch64",
}


def read_ld_cache(source: RandomAccess, architecture: str) -> dict[str, str]:
    """Soname -> path, for libraries of one architecture (named as `NativeLibrary.architectures` does).

    Of several entries for a soname the first counts, as in ld.so, save that entries for a processor's optional features
    (glibc-hwcaps) stand behind the plain one: which of them is taken can't be told from here, and all define the same.

    Raises:
        Unreadable: not a cache, of the other byte order, or damaged.
    """
    if source.size > _MOST_BYTES:
        raise Unreadable(f"ld.so.cache of {source.size} bytes")
    data = source.read_at(0, source.size)
    start = _new_format(data)
    if len(data) < start + _HEADER.size:
        raise Unreadable("ld.so.cache is cut off")
    _, count, strings, *_ = _HEADER.unpack_from(data, start)
    end = start + _HEADER.size + count * _ENTRY.size
    if count > _MOST_ENTRIES or end + strings > len(data):
        raise Unreadable(f"ld.so.cache of {count} entries does not fit its {len(data)} bytes")
    plain: dict[str, str] = {}
    special: dict[str, str] = {}
    for flags, key, value, _, hwcaps in _ENTRY.iter_unpack(data[start + _HEADER.size : end]):
        if _ARCHITECTURES.get(flags & 0xFFFF) == architecture:
            (special if hwcaps else plain).setdefault(_text(data, start + key), _text(data, start + value))
    return special | plain


def _new_format(data: bytes) -> int:
    """Where the new format begins: at 0, or behind the old table, aligned to 8 bytes."""
    if data.startswith(_NEW):
        return 0
    if data.startswith(_OLD) and len(data) >= _OLD_HEADER.size:
        count: int = _OLD_HEADER.unpack_from(data)[0]
        end = _OLD_HEADER.size + count * _OLD_ENTRY
        start = end + -end % 8
        if data[start : start + len(_NEW)] == _NEW:
            return start
    raise Unreadable("not an ld.so.cache of this byte order")


def _text(data: bytes, place: int) -> str:
    end = data.find(b"\0", place)
    if end < 0:
        raise Unreadable("ld.so.cache with a string that has no end")
    return data[place:end].decode("utf-8", "surrogateescape")
