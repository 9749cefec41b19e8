"""MediaPipe's .task bundles as lists of members: taken apart, and packed again as MediaPipe packs them.

The rules are those of mediapipe/tasks/python/metadata/metadata_writers/model_asset_bundle_utils.py in
google-ai-edge/mediapipe: members are stored, and each one's data begins at a multiple of 4, which one to four zero
bytes before its local header see to (never none, so a bundle does not begin with `PK`).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import open_zip
from envdoctor.tflite.containers import read_models

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ALIGNMENT, _LOCAL_HEADER_SIZE = 4, 30
_NAME_LENGTHS, _NAME_LENGTHS_AT = struct.Struct("<HH"), 26
#: What a member may take; a .tflite file ends at two gigabytes.
_LARGEST = (1 << 31) - 1
_SAMPLE_SUFFIXES = (".npy", ".npz", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in a bundle.

    Attributes:
        info: its entry in the directory: name, date, attributes, comment.
        data: its content.
        is_model: True if it is a .tflite model by content.
        is_bundle: True if it is a bundle with models itself.
        deflated: True if it was packed, which MediaPipe refuses (`Expected uncompressed zip archive.`).
    """

    info: zipfile.ZipInfo
    data: bytes
    is_model: bool
    is_bundle: bool = False
    deflated: bool = False

    @property
    def name(self) -> str:
        """Its name in the bundle."""
        return self.info.filename


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle.

    Attributes:
        members: in their order.
        comment: the archive's.
    """

    members: tuple[Member, ...]
    comment: bytes = b""


def model_names(path: Path) -> tuple[str, ...]:
    """The names of the models in a bundle.

    Raises:
        Unreadable: see `read_models`.
    """
    return tuple(model.name.removeprefix(f"{path}!") for model in read_models(path))


def read_bundle(path: Path) -> Bundle:
    """Take a bundle apart.

    Raises:
        Unreadable: it is no bundle, damaged, lacks a part, holds a member twice, or would unpack to far too much.
    """
    models = frozenset(model_names(path))
    with open_zip(path) as archive:
        members = tuple(
            Member(
                info=info,
                data=b"" if info.is_dir() else archive.read(info.filename, _LARGEST),
                is_model=info.filename in models,
                is_bundle=any(name.startswith(f"{info.filename}/") for name in models) and not info.is_dir(),
                deflated=info.compress_type != zipfile.ZIP_STORED,
            )
            for info in archive.members
        )
        return Bundle(members=members, comment=archive.comment)


def pack_bundle(members: Iterable[tuple[zipfile.ZipInfo, bytes]], comment: bytes = b"") -> bytes:
    """Pack a bundle as MediaPipe does: stored, each member's data at a multiple of 4; names, order, dates are kept."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = comment
        for before, data in members:
            info = zipfile.ZipInfo(before.filename, before.date_time)
            info.external_attr, info.create_system, info.comment = (
                before.external_attr,
                before.create_system,
                before.comment,
            )
            name = info.filename.encode("ascii" if info.filename.isascii() else "utf-8")
            start = archive.start_dir + _LOCAL_HEADER_SIZE + len(name)
            stream.seek(archive.start_dir)
            stream.write(bytes(_ALIGNMENT - start % _ALIGNMENT))
            archive.start_dir = stream.tell()
            archive.writestr(info, data)
    return stream.getvalue()


def is_deflated(path: Path) -> bool:
    """True if a bundle holds compressed members; only its directory is read.

    Raises:
        Unreadable: it is damaged.
    """
    with open_zip(path) as archive:
        return any(info.compress_type != zipfile.ZIP_STORED for info in archive.members)


def file_name(member: str) -> str:
    """A name for a file of a member's content that is safe on every system, whatever the bundle calls it."""
    return re.sub(r"[^\w.+ -]", "_", member.rpartition("/")[2]) or "model"


def samples_of(folder: Path, member: str) -> Path | None:
    """The samples in a folder for a model of a bundle: NAME.npy, NAME.npz or a folder NAME; None if there are none."""
    stem = file_name(member).removesuffix(".tflite")
    paths = (folder / f"{stem}{suffix}" for suffix in _SAMPLE_SUFFIXES)
    return next((path for path in paths if path.exists()), None)


def data_starts(path: Path) -> dict[str, int]:
    """Where the data of each member begins in a bundle.

    Raises:
        Unreadable: it is damaged.
    """
    with open_zip(path) as archive, path.open("rb") as stream:
        starts = {}
        for info in archive.members:
            stream.seek(info.header_offset + _NAME_LENGTHS_AT)
            lengths = stream.read(_NAME_LENGTHS.size)
            if len(lengths) < _NAME_LENGTHS.size:
                raise Unreadable(f"{path} is damaged: no local header for {info.filename}")
            starts[info.filename] = info.header_offset + _LOCAL_HEADER_SIZE + sum(_NAME_LENGTHS.unpack(lengths))
        return starts
