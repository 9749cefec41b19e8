"""Decompression as a stream, with bounded memory: gzip, xz, bzip2 and zstd, told by their first bytes."""

from __future__ import annotations

import bz2
import importlib
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, Protocol

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 1 << 16
#: The largest dictionary that is accepted: xz -9 and zstd --long stay below.
_MEMORY = 192 << 20
_WINDOW_LOG = 27


class Source(Protocol):
    """Something to read bytes from, in order."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class _Zlib:
    """zlib's decompressor with the interface of the others: it keeps what it could not use yet."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _zstd() -> _Decompressor:
    try:
        zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError as error:
        raise Unreadable("it is compressed with zstd; `pip install backports.zstd` to read that") from error
    options = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    decompressor: _Decompressor = zstd.ZstdDecompressor(options=options)
    return decompressor


_FORMATS: tuple[tuple[bytes, Callable[[], _Decompressor]], ...] = (
    (b"\x1f\x8b", _Zlib),
    (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\x28\xb5\x2f\xfd", _zstd),
)


class Inflated:
    """What a source holds, decompressed if it is compressed; several compressed members in a row are one stream."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pending = source.read(_PIECE)
        self._make = next((make for magic, make in _FORMATS if self._pending.startswith(magic)), None)
        self._decompressor = self._make() if self._make else None
        self._out = b""

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end.

        Raises:
            Unreadable: the compressed data is damaged, cut short, or needs too much memory.
        """
        parts = []
        while size > 0:
            if not self._out:
                self._out = self._more()
                if not self._out:
                    break
            parts.append(self._out[:size])
            self._out = self._out[size:]
            size -= len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        if self._decompressor is None:
            data, self._pending = self._pending, b""
            return data or self._source.read(_PIECE)
        try:
            return self._inflate(self._decompressor)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise Unreadable(f"damaged compressed data: {error}") from error
        except Exception as error:
            if type(error).__name__ == "ZstdError":
                raise Unreadable(f"damaged compressed data: {error}") from error
            raise

    def _inflate(self, decompressor: _Decompressor) -> bytes:
        while True:
            if decompressor.eof:
                left = decompressor.unused_data + self._source.read(_PIECE)
                left = left.lstrip(b"\0")  # padding between members
                if not left or self._make is None:
                    return b""
                self._decompressor = decompressor = self._make()
                self._pending = left
            data, self._pending = self._pending, b""
            out = decompressor.decompress(data, max_length=_PIECE)
            if out:
                return out
            if not decompressor.eof:
                self._pending = self._source.read(_PIECE)
                if not self._pending:
                    raise Unreadable("damaged compressed data: it ends before its end mark")
