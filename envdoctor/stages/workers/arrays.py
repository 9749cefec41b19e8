"""Stored arrays, told from their headers alone.

Needs only the standard library. The format of .npy files: NEP 1, and numpy.lib.format for its versions 2 and 3; an .npz
file is a zip archive of them.
"""

from __future__ import annotations

import ast
import contextlib
import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"\x93NUMPY"
_LENGTH = {1: struct.Struct("<H"), 2: struct.Struct("<I"), 3: struct.Struct("<I")}
_LONGEST_HEADER = 1 << 16
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)

NUMBERS = frozenset("fiub")


@dataclass(frozen=True)
class InputSpec:
    """An input of a model: its name, its shape with the batch first (None: any size), its element type (`float32`).

    `shape` is None if not even the number of axes is known.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str

    @property
    def sample(self) -> tuple[int | None, ...] | None:
        """The shape of one sample, without the batch."""
        return None if self.shape is None else self.shape[1:]

    def describe(self) -> str:
        """The name, the type and the shape, for a message."""
        if self.shape is None:
            return f"'{self.name}' ({self.dtype})"
        sizes = ", ".join(["N", *("any" if size is None else str(size) for size in self.shape[1:])])
        return f"'{self.name}' ({self.dtype}, ({sizes}))"


@dataclass(frozen=True)
class Header:
    """What the header of a .npy file says.

    `kind` and `item` are numpy's: a letter (`f` float, `i` and `u` integers, `b` truth values) and an element's bytes.
    """

    shape: tuple[int, ...]
    descr: str
    fortran_order: bool
    data_offset: int

    @property
    def kind(self) -> str:
        """The letter of numpy's array protocol."""
        return self.descr.lstrip("<>|=")[:1]

    @property
    def item(self) -> int:
        """Bytes for each element."""
        return int(self.descr.lstrip("<>|=")[1:] or 0)

    @property
    def count(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class StoredArray:
    """An array in a file: `member` is its name in an .npz file, None for a file of its own."""

    path: Path
    member: str | None
    header: Header

    @property
    def name(self) -> str:
        """What the array is called: the name in an .npz file, else the file's."""
        return self.path.stem if self.member is None else self.member

    @property
    def label(self) -> str:
        """Where it is, for a message."""
        return self.path.name if self.member is None else f"{self.path.name}: {self.member}"

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the .npy stream that it is."""
        if self.member is None:
            with self.path.open("rb") as stream:
                yield stream
            return
        with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.member}.npy") as member:
            yield member


def read_header(stream: IO[bytes], label: str) -> Header:
    """Read the header of a .npy stream.

    Raises:
        Problem: it is none, it is damaged, or its elements are Python objects or records.
    """
    head = stream.read(8)
    version = _LENGTH.get(head[6]) if len(head) == 8 and head.startswith(MAGIC) else None  # noqa: PLR2004  (6 + 2 bytes)
    if version is None:
        raise Problem("calibration-unreadable", f"{label} is no .npy array; write it with numpy.save or numpy.savez.")
    raw = stream.read(version.size)
    length = version.unpack(raw)[0] if len(raw) == version.size else _LONGEST_HEADER + 1
    text = stream.read(length) if length <= _LONGEST_HEADER else b""
    try:
        fields = ast.literal_eval(text.decode("utf-8" if head[6] == 3 else "latin-1").strip())  # noqa: PLR2004
        shape, descr, fortran = tuple(fields["shape"]), fields["descr"], bool(fields["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise Problem("calibration-unreadable", f"{label} is damaged: its header can't be read.") from None
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise Problem("calibration-unreadable", f"{label} is damaged: its shape is {shape}.")
    if not isinstance(descr, str) or descr.lstrip("<>|=")[:1] == "O":
        raise Problem(
            "calibration-unreadable", f"{label} holds Python objects or records, not numbers; store a plain array."
        )
    return Header(shape, descr, fortran, len(head) + version.size + length)


def stored_arrays(path: Path) -> tuple[StoredArray, ...]:
    """The arrays of a .npy file, an .npz file or a folder of .npy files, told by content.

    Raises:
        Problem: there is none, or one is damaged or shorter than its header says.
    """
    try:
        if not path.exists():
            raise Problem("calibration-unreadable", f"{path} does not exist.")
        if path.is_dir():
            return _files(path)
        _require_file(path)
        with path.open("rb") as stream:
            is_zip = stream.read(2) == b"PK"
        return _members(path) if is_zip else (_single(path),)
    except _DAMAGED_ZIP as error:
        raise Problem("calibration-unreadable", f"{path.name} is a damaged .npz file: {error}.") from None
    except OSError as error:
        raise Problem("calibration-unreadable", f"{path} can't be read: {error.strerror or error}.") from None


def _files(folder: Path) -> tuple[StoredArray, ...]:
    files = sorted(folder.glob("*.npy"))
    if not files:
        raise Problem("calibration-unreadable", f"the folder {folder} holds no .npy file.")
    return tuple(_single(file) for file in files)


def _require_file(path: Path) -> None:
    if not path.is_file():  # a FIFO would be waited for
        raise Problem("calibration-unreadable", f"{path} is no regular file.")


def _single(path: Path) -> StoredArray:
    _require_file(path)
    with path.open("rb") as stream:
        header = read_header(stream, path.name)
    _check_size(header, path.stat().st_size, path.name)
    return StoredArray(path, None, header)


def _members(path: Path) -> tuple[StoredArray, ...]:
    arrays = []
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            name = info.filename[: -len(".npy")]
            with archive.open(info) as stream:
                header = read_header(stream, f"{path.name}: {name}")
            _check_size(header, info.file_size, f"{path.name}: {name}")
            arrays.append(StoredArray(path, name, header))
    if not arrays:
        raise Problem("calibration-unreadable", f"{path.name} is a zip archive without a .npy array in it.")
    return tuple(arrays)


def _check_size(header: Header, size: int, label: str) -> None:
    needed = header.data_offset + header.count * header.item
    if header.kind in NUMBERS and size < needed:
        raise Problem("calibration-unreadable", f"{label} is cut short: {size} bytes of {needed}.")
