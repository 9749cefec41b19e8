"""Blobs for Intel's Myriad X: an ELF header of 52 bytes, then the header of the blob.

Fields: src/openvino/BlobFormat.hpp and BlobReader.cpp of github.com/luxonis/depthai-core, which took them from OpenVINO
2022.3 and older.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.support.fields import Fields

_ELF_HEADER, _MAGIC, _WORDS = 52, 9709, 20
#: TensorInfo::DataType of depthai-core.
_TYPES = {0: "float16", 1: "uint8", 2: "int32", 3: "float32", 4: "int8", 5: "float64"}
_MOST, _MOST_SIZES, _LONGEST = 64, 8, 4096


def read_blob(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a blob for Myriad X; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if len(fields) < _ELF_HEADER + 4 or fields.number(_ELF_HEADER) != _MAGIC:
        return None
    head = fields.numbers(_ELF_HEADER, _WORDS)
    size, major, minor, takes, gives, stages = head[1:7]
    fields.require_size(size)
    if not stages or not size:
        raise Unreadable("it holds no stage of a network")
    slices, shaves = head[11:13]
    return identity_of(
        "myriad-blob",
        inputs=tuple(_tensors(fields, head[16], takes, head[19])),
        outputs=tuple(_tensors(fields, head[17], gives, head[19])),
        details=(f"blob format {major}.{minor}", f"{stages} stages", f"{shaves} SHAVEs, {slices} CMX slices"),
        checked="the size in its header agrees with the file",
    )


def _tensors(fields: Fields, at: int, count: int, constants: int) -> Iterator[str]:
    if count > _MOST:
        raise Unreadable(f"it would take or give {count:,} tensors")
    for index in range(count):
        number, _, length = fields.numbers(at, 3)
        if number != index or length > _LONGEST:
            raise Unreadable(f"the description of tensor {index} at byte {at:,} is damaged")
        name = fields.text(at + 12, length)
        kind, _, sizes, _, place, _, _ = fields.numbers(at + 12 + length, 7)
        if sizes > _MOST_SIZES:
            raise Unreadable(f"the tensor {name} would have {sizes:,} dimensions")
        shape = list(reversed(fields.numbers(constants + place, sizes)))
        if "@shape" not in name:
            yield f"{name} {_TYPES.get(kind, f'type {kind}')} {shape}"
        at += 12 + length + 28
