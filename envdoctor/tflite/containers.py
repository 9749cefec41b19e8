"""What a file is, told from its content, and the models inside a bundle.

MediaPipe's `.task` bundles are zip archives whose members are aligned by bytes put before each local header, so they
may begin with one to four zero bytes instead of `PK`; members are stored, not deflated.
"""

from __future__ import annotations

import enum
import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import open_inner_zip, open_zip
from envdoctor.support.files import read_head
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.reader import map_file, open_model, read_model
from envdoctor.tflite.schema import FILE_IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.support.bounded import ZipReader
    from envdoctor.tflite.model import Model

_ZIP_LOCAL_HEADER = b"PK\x03\x04"
_ZIP_EMPTY = b"PK\x05\x06"
_ZIP_NAME_LENGTHS = struct.Struct("<HH")
_ZIP_NAME_LENGTHS_AT, _ZIP_LOCAL_HEADER_SIZE = 26, 30
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LEAST_USER_BLOCK = 512
_HEAD = 16
_MAX_PADDING = 4
BUNDLE_SUFFIX = ".task"
_MAX_MEMBERS = 4096
_MAX_MEMBER_SIZE = 1 << 31


class FileKind(enum.Enum):
    """What a file or a folder is, by its content."""

    TFLITE = "tflite"
    COMPILED = "compiled"
    BUNDLE = "bundle"
    KERAS = "keras"
    HDF5 = "hdf5"
    TORCH_ARCHIVE = "torch-archive"
    EXPORTED_PROGRAM = "exported-program"
    ZIP = "zip"
    SAVED_MODEL = "saved-model"
    EMPTY = "empty"
    OTHER = "other"


def sniff(path: Path | str) -> FileKind:
    """What a file is. BUNDLE is a zip archive with .tflite models in it.

    Raises:
        Unreadable: the path can't be opened, or a .tflite file or zip archive is damaged.
    """
    path = Path(path)
    if path.is_dir():
        return FileKind.SAVED_MODEL if (path / "saved_model.pb").is_file() else FileKind.OTHER
    head = _head(path)
    if not head:
        return FileKind.EMPTY
    if head[4:8] == FILE_IDENTIFIER:
        return FileKind.TFLITE if compiled_file(read_model(path)) is None else FileKind.COMPILED
    if _is_zip(head):
        return _zip_kind(path)
    return FileKind.OTHER if hdf5_place(map_file(path)) is None else FileKind.HDF5


def hdf5_place(data: memoryview) -> int | None:
    """Where the HDF5 file in some bytes starts: at 0, or behind a user block of 512, 1024, 2048 ... bytes."""
    place = 0
    while place < len(data):
        if data[place : place + len(HDF5_SIGNATURE)] == HDF5_SIGNATURE:
            return place
        place = place * 2 or _LEAST_USER_BLOCK
    return None


def read_models(path: Path | str) -> tuple[Model, ...]:
    """The model of a .tflite file, or every model inside a bundle, named `BUNDLE!MEMBER`.

    Raises:
        Unreadable: neither a .tflite file nor an archive that holds one, or damaged.
    """
    path = Path(path)
    if not _is_zip(_head(path)):
        return (read_model(path),)
    models = tuple(open_model(data, name=f"{path}!{name}") for name, data in _model_members(path))
    _require_whole(path, frozenset(model.name.removeprefix(f"{path}!") for model in models))
    if not models:
        raise Unreadable(f"{path} is a zip archive without a .tflite model in it")
    return models


def model_contents(path: Path) -> dict[str, bytes]:
    """The bytes of every model of a bundle, by its name in it.

    Raises:
        Unreadable: see `read_models`.
    """
    read_models(path)
    return {name: bytes(data) for name, data in _model_members(path)}


def _require_whole(path: Path, models: frozenset[str]) -> None:
    """Refuse a bundle that has lost a part, or has one twice.

    Raises:
        Unreadable: a member's bytes are not those that were stored, one called .tflite is none, one is there twice, or
            missing and goes with another.
    """
    with open_zip(path) as archive:
        archive.verify()
        members = archive.members[:_MAX_MEMBERS]
    names = {member.filename for member in members}
    for name, count in Counter(member.filename for member in members).items():
        if count > 1:
            raise Unreadable(f"{path} is damaged: it holds {name} twice")
    for member in members:
        if member.filename.endswith(".tflite") and member.filename not in models:
            raise Unreadable(f"{path} is damaged: {member.filename} in it is no .tflite model")
    sets: list[set[str]] = [set(each) for each in load_table("bundles")["sets"]]
    for name in sorted(names):
        missing: list[set[str]] = [belonging - names for belonging in sets if name in belonging]
        if missing and all(missing):
            least = min(missing, key=len)
            lost = ", ".join(sorted(least))
            raise Unreadable(f"{path} is incomplete: it has {name}, but {lost}, which goes with it, is missing")


def _head(path: Path) -> bytes:
    try:
        return read_head(path, _HEAD)
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}") from error


def _is_zip(head: bytes) -> bool:
    stripped = head.lstrip(b"\0")
    return len(head) - len(stripped) <= _MAX_PADDING and stripped.startswith((_ZIP_LOCAL_HEADER, _ZIP_EMPTY))


def _zip_kind(path: Path) -> FileKind:
    with open_zip(path) as archive:
        names = {member.filename for member in archive.members}
    if {"config.json", "metadata.json"} <= names:
        return FileKind.KERAS
    if any(name.rpartition("/")[2] == "archive_format" for name in names):
        return FileKind.EXPORTED_PROGRAM
    if any(name.rpartition("/")[2] == "data.pkl" for name in names):
        return FileKind.TORCH_ARCHIVE
    return FileKind.BUNDLE if next(_model_members(path), None) else FileKind.ZIP


def _model_members(path: Path) -> Iterator[tuple[str, memoryview]]:
    """The members that are .tflite models by content, a stored one mapped, a deflated one read."""
    data = map_file(path)
    with open_zip(path) as archive:
        yield from _models_in(path, data, archive)


def _models_in(
    path: Path, data: memoryview, archive: ZipReader, *, within: str = ""
) -> Iterator[tuple[str, memoryview]]:
    """The same of an archive that is open; of a bundle in it (`within` is empty then), `BUNDLE/MEMBER`."""
    for member in archive.members[:_MAX_MEMBERS]:
        name = member.filename
        content = stored_member(path, data, member) if member.compress_type == zipfile.ZIP_STORED else None
        head = bytes(content[:_HEAD]) if content is not None else archive.head(name, _HEAD)
        if head[4:8] == FILE_IDENTIFIER:
            yield f"{within}{name}", memoryview(archive.read(name, _MAX_MEMBER_SIZE)) if content is None else content
        elif not within and name.endswith(BUNDLE_SUFFIX) and _is_zip(head):
            inner = archive.read(name, _MAX_MEMBER_SIZE)
            with open_inner_zip(inner, Path(f"{path}!{name}")) as nested:
                nested.verify()
                yield from _models_in(Path(f"{path}!{name}"), memoryview(inner), nested, within=f"{name}/")


def stored_member(path: Path, data: memoryview, member: zipfile.ZipInfo) -> memoryview:
    """The content of a member that is stored as it is, in the archive's own bytes.

    Raises:
        Unreadable: it is not where the directory says.
    """
    header = member.header_offset
    if data[header : header + 4] != _ZIP_LOCAL_HEADER or header + _ZIP_LOCAL_HEADER_SIZE > len(data):
        raise Unreadable(f"{path} is a damaged zip archive: no local header for {member.filename}")
    start = header + _ZIP_LOCAL_HEADER_SIZE + sum(_ZIP_NAME_LENGTHS.unpack_from(data, header + _ZIP_NAME_LENGTHS_AT))
    if start + member.file_size > len(data):
        raise Unreadable(f"{path} is a damaged zip archive: {member.filename} runs over the end")
    return data[start : start + member.file_size]
