"""An installed file as bytes that can be read anywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


_BLOCK = 16 << 10
_HAS_PREAD = hasattr(os, "pread")  # not on Windows


class FileBytes:
    """An open file as a `RandomAccess`; a context manager that closes it.

    Raises:
        Unreadable: the file can't be opened, is not a regular file, or can't be read.
    """

    __slots__ = ("_stream", "size")

    def __init__(self, path: str | Path) -> None:
        try:
            self._stream = open_regular(path)
            self.size: int = self._stream.seek(0, os.SEEK_END)
        except OSError as error:
            raise Unreadable(f"{path}: can't be opened: {error.strerror or error}") from error

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes from `offset` on, at most `length`."""
        try:
            if _HAS_PREAD:  # one call of the system instead of two, and symbols are read a few bytes at a time
                return os.pread(self._stream.fileno(), length, offset)
            self._stream.seek(offset)
            return self._stream.read(length) or b""
        except OSError as error:
            raise Unreadable(f"{self._stream.name}: can't be read: {error.strerror or error}") from error

    def __enter__(self) -> FileBytes:  # noqa: PYI034 - typing.Self is Python 3.11's; nothing derives from this class
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


class FileBlocks:
    """The same, read in blocks that are kept: for who asks for thousands of a few bytes each."""

    __slots__ = ("_blocks", "_source", "size")

    def __init__(self, source: FileBytes) -> None:
        self.size = source.size
        self._source = source
        self._blocks: dict[int, bytes] = {}

    def read_at(self, offset: int, length: int) -> bytes:
        """See `FileBytes`."""
        number, start = divmod(offset, _BLOCK)
        if length > _BLOCK - start:
            return self._source.read_at(offset, length)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self._source.read_at(number * _BLOCK, _BLOCK)
        return block[start : start + length]
