"""Unpacking whatever somebody sends, within bounds: gzip, xz, bzip2 and zstd streams, and zip archives.

A few megabytes can claim, or truly unpack to, petabytes. What grows beyond `FREE` bytes must have been packed a
hundredth as large at least: DEFLATE reaches 1 to 1032 (zlib's technical notes), xz and bzip2 far more, but on nothing
that a model or a program is made of. Everything here raises `Unreadable`, whatever the libraries raise.
"""

from __future__ import annotations

import bz2
import contextlib
import importlib
import io
import lzma
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Bytes that anything may unpack to, however small it was; and how much more may come of each packed byte beyond that.
FREE, RATIO = 128 << 20, 100
#: What a zip directory may take; an entry has 47 bytes at least.
_LARGEST_DIRECTORY = 4 << 20
_PIECE = 1 << 16
#: The largest dictionary that is accepted: xz -9 (64 MiB) and zstd -19 (8 MiB) stay below.
_MEMORY, _WINDOW_LOG = 96 << 20, 26
_MOST_STREAMS = 50_000  # compressed members in a row, as bgzip makes them of each 64 KiB
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def refuse_bomb(packed: int, unpacked: int, what: str) -> None:
    """Refuses content that was packed too well to be anything of use.

    Raises:
        Unreadable: it is more than `FREE` bytes, and more than `RATIO` times what it was packed in.
    """
    if unpacked > max(FREE, RATIO * packed):
        raise Unreadable(
            f"{what} would unpack to more than {RATIO} times its size ({packed:,} to {unpacked:,} bytes or more), "
            "as only files do that are made to fill a disk"
        )


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
    """What a source holds, decompressed if it is compressed; several compressed streams in a row are one.

    Attributes:
        is_packed: whether it is compressed.
    """

    def __init__(self, source: Source, most: int = 1 << 30) -> None:
        """Looks at the first bytes.

        Args:
            source: what is read.
            most: bytes that may come out at most.
        """
        self._source = source
        self._most = most
        self._packed = self._size = self._streams = 0
        self._pending = self._next()
        self._make = next((make for magic, make in _FORMATS if self._pending.startswith(magic)), None)
        self.is_packed = self._make is not None
        self._decompressor = self._make() if self._make else None
        self._out = b""

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end.

        Raises:
            Unreadable: the compressed data is damaged, cut short, needs too much memory or unpacks to too much.
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

    def pieces(self) -> Iterator[bytes]:
        """Everything, in pieces of at most 64 KiB; raises as `read`."""
        while piece := self.read(_PIECE):
            yield piece

    def _next(self) -> bytes:
        data = self._source.read(_PIECE)
        self._packed += len(data)
        return data

    def _more(self) -> bytes:
        data = self._raw()
        self._size += len(data)
        if self._size > self._most:
            raise Unreadable(f"it holds more than the {self._most:,} bytes allowed")
        refuse_bomb(self._packed, self._size, "compressed data")
        return data

    def _raw(self) -> bytes:
        if self._decompressor is None:
            data, self._pending = self._pending, b""
            return data or self._next()
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
                following = self._following(decompressor)
                if following is None:
                    return b""
                decompressor = following
            data, self._pending = self._pending, b""
            out = decompressor.decompress(data, max_length=_PIECE)
            if out:
                return out
            if not decompressor.eof:
                self._pending = self._next()
                if not self._pending:
                    raise Unreadable("damaged compressed data: it ends before its end mark")

    def _following(self, ended: _Decompressor) -> _Decompressor | None:
        """The decompressor of the next stream, behind any padding; None at the end."""
        left = (ended.unused_data or self._next()).lstrip(b"\0")
        while not left:
            more = self._next()
            if not more or self._make is None:
                return None
            left = more.lstrip(b"\0")
        self._streams += 1
        if self._make is None or self._streams > _MOST_STREAMS:
            raise Unreadable(f"compressed data of more than {_MOST_STREAMS:,} streams")
        self._decompressor = self._make()
        self._pending = left
        return self._decompressor


class _Opening(io.FileIO):
    """A file whose zip directory, which `zipfile` reads in one piece and parses whole, may not be huge."""

    is_open = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_open and size is not None and size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"its directory has {size:,} bytes, where {_LARGEST_DIRECTORY:,} are the limit")
        return super().read(size) or b""


class ZipReader:
    """A zip archive whose members are read within bounds, each by its name.

    Attributes:
        members: in the order of the directory.
        comment: the archive's.
    """

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        self.members = archive.infolist()
        self.comment = archive.comment

    def read(self, name: str, most: int) -> bytes:
        """A member's content, its checksum verified.

        Raises:
            Unreadable: there is no such member, it is damaged, or larger than `most` bytes.
        """
        with _told(self._path), self._opened(self._member(name)) as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            raise Unreadable(f"{self._path} is damaged: {name} in it has more than the {most:,} bytes allowed")
        return data

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a member; raises as `read`."""
        with _told(self._path), self._opened(self._member(name)) as stream:
            return stream.read(size)

    def verify(self) -> None:
        """Reads every member for its checksum.

        Raises:
            Unreadable: one does not match.
        """
        with _told(self._path):
            for member in self.members:
                _refuse_method(member)
            broken = self._archive.testzip()
        if broken:
            raise Unreadable(f"{self._path} is damaged: the checksum of {broken} in it does not match")

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._archive.getinfo(name)
        except KeyError:
            raise Unreadable(f"{self._path} is damaged: it has no {name} in it") from None

    def _opened(self, member: zipfile.ZipInfo) -> contextlib.AbstractContextManager[BinaryIO]:
        _refuse_method(member)
        return self._archive.open(member)  # type: ignore[return-value]  # IO[bytes], which has what BinaryIO has


@contextlib.contextmanager
def open_zip(path: Path) -> Iterator[ZipReader]:
    """A zip archive, its directory read.

    Raises:
        Unreadable: no zip archive, damaged, with too many members, or one that would unpack to far too much.
    """
    with contextlib.ExitStack() as stack:
        with _told(path):
            stream = stack.enter_context(_Opening(path))
            archive = stack.enter_context(zipfile.ZipFile(stream))
            stream.is_open = True
        members = archive.infolist()
        packed = min(path.stat().st_size, sum(member.compress_size for member in members))  # they may overlap
        refuse_bomb(packed, sum(member.file_size for member in members), str(path))
        yield ZipReader(archive, path)


@contextlib.contextmanager
def open_inner_zip(data: bytes, path: Path) -> Iterator[ZipReader]:
    """A zip archive that was a member of another; raises as `open_zip`.

    Args:
        data: the archive.
        path: what messages call it.
    """
    with _told(path):
        archive = zipfile.ZipFile(io.BytesIO(data))
    members = archive.infolist()
    packed = min(len(data), sum(member.compress_size for member in members))
    refuse_bomb(packed, sum(member.file_size for member in members), str(path))
    yield ZipReader(archive, path)


def _refuse_method(member: zipfile.ZipInfo) -> None:
    if member.compress_type not in _METHODS:  # bzip2 and LZMA are unpacked by zipfile without a limit
        raise zipfile.BadZipFile(f"{member.filename} is packed by method {member.compress_type}, which is not read")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED_ZIP as error:
        raise Unreadable(f"{path} is a damaged zip archive: {error}") from error
