"""Models in files of their own that no chip's compiler made: GGUF and safetensors."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated

import msgspec

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_LARGEST_HEADER, _MOST, _LONGEST = 100 << 20, 1 << 20, 1 << 16
_STRING, _ARRAY, _ARCHITECTURE = 8, 9, "general.architecture"
#: Bytes of a value, by its type in GGUF.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
#: Values and bytes of a block of a tensor, by its type in GGML.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
_MOST_DIMENSIONS, _NEWEST_TYPE = 4, 255
_TOLD = "its tensors lie one behind the other and fill the file"
#: Bits of an element, by its type in safetensors.
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16,
    "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


_Size = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class _Weights(msgspec.Struct):
    """A tensor in the list of a safetensors file."""

    dtype: Annotated[str, msgspec.Meta(max_length=32)]
    shape: Annotated[list[_Size], msgspec.Meta(max_length=64)]
    data_offsets: tuple[_Size, _Size]


def read_gguf(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a GGUF file (docs/gguf.md of github.com/ggml-org/ggml); None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(b"GGUF"):
        return None
    version = fields.number(4)
    tensors, pairs = fields.number(8, 8), fields.number(16, 8)
    if version < 2 or version > 3 or tensors > _MOST or pairs > _MOST:  # noqa: PLR2004
        raise Unreadable(f"its header speaks of version {version}, {tensors:,} tensors and {pairs:,} values")
    architecture, alignment, at = "", 32, 24
    keys: set[str] = set()
    for _ in range(pairs):
        key, at = _name(fields, at, keys)
        kind = fields.number(at)
        if key == _ARCHITECTURE and kind == _STRING:
            architecture, _ = _text(fields, at + 4)
        elif key == "general.alignment" and kind == 4:  # noqa: PLR2004  (uint32)
            alignment = fields.number(at + 4)
        at = _behind(fields, at + 4, kind)
    if alignment.bit_count() != 1:
        raise Unreadable(f"its data would be aligned to {alignment} bytes")
    _require_places(fields, at, tensors, alignment)
    return identity_of(
        "gguf",
        details=(f"architecture {architecture or 'not named'}", f"{tensors} tensors", f"format version {version}"),
        checked=_TOLD if len(fields.areas) == tensors else "",
    )


def _require_places(fields: Fields, at: int, tensors: int, alignment: int) -> None:
    """The data of the tensors, whose list begins at `at`, must lie one behind the other."""
    places, names = [], set[str]()
    for _ in range(tensors):
        place, at = _tensor(fields, at, names)
        places.append(place)
    start, expected = -(-at // alignment) * alignment, 0
    for first, size in places:
        if first != expected:
            raise Unreadable(f"the data of a tensor are at byte {first:,}, and those before them end at {expected:,}")
        if size is None:
            break
        fields.areas.append((start + first, start + first + size))
        fields.require_size(start + first + size)
        expected = -(-(first + size) // alignment) * alignment


def _tensor(fields: Fields, at: int, names: set[str]) -> tuple[tuple[int, int | None], int]:
    """Where a tensor's data begin, from the start of all, and their size (None for an unknown type); what follows."""
    name, at = _name(fields, at, names)
    dimensions = fields.number(at)
    if dimensions > _MOST_DIMENSIONS:
        raise Unreadable(f"the tensor at byte {at:,} would have {dimensions:,} dimensions")
    sizes = fields.numbers(at + 4, dimensions, 8)
    at += 4 + 8 * dimensions
    kind, place = fields.number(at), fields.number(at + 4, 8)
    items, size = _BLOCKS.get(kind, (1, 0))
    if kind > _NEWEST_TYPE or (sizes[0] if sizes else 1) % items or max(sizes, default=0) >> 63:
        raise Unreadable(f"the tensor {name[:99]!r} would have the type {kind} and the sizes {list(sizes)}")
    return (place, math.prod(sizes) // items * size if size else None), at + 12


def _name(fields: Fields, at: int, names: set[str]) -> tuple[str, int]:
    """A key or a tensor's name, which no other has; and what follows."""
    name, at = _text(fields, at)
    if name in names or "\ufffd" in name:
        raise Unreadable(f"two of its values or tensors are called {name[:99]!r}, or that is no text")
    names.add(name)
    return name, at


def _text(fields: Fields, at: int) -> tuple[str, int]:
    size = fields.number(at, 8)
    raw = fields.part(at + 8, size)
    return bytes(raw[:_LONGEST]).decode("utf-8", "replace"), at + 8 + size


def _behind(fields: Fields, at: int, kind: int) -> int:
    """Where a value ends."""
    if kind == _STRING:
        return _text(fields, at)[1]
    if kind != _ARRAY:
        if kind not in _SIZES:
            raise Unreadable(f"the value at byte {at:,} has the type {kind}")
        fields.part(at, _SIZES[kind])
        return at + _SIZES[kind]
    inner, count = fields.number(at), fields.number(at + 4, 8)
    at += 12
    if inner in _SIZES:
        fields.part(at, count * _SIZES[inner])
        return at + count * _SIZES[inner]
    if inner != _STRING or count > len(fields):
        raise Unreadable(f"the list at byte {at:,} holds values of the type {inner}")
    for _ in range(count):
        at += 8 + fields.number(at, 8)
        fields.part(at, 0)
    return at


def read_safetensors(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a safetensors file: the size of a JSON text, the text, the data; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if len(fields) < 10 or not fields.starts(b"{", 8):  # noqa: PLR2004
        return None
    size = fields.number(0, 8)
    if not len("{}") <= size <= _LARGEST_HEADER:
        return None
    if 8 + size > len(fields):
        raise Unreadable(f"weights without a model (safetensors), cut short: {len(fields):,} bytes of {8 + size:,}")
    try:
        told = json.loads(bytes(fields.part(8, size)))
        tensors = msgspec.convert({name: told[name] for name in told if name != "__metadata__"}, dict[str, _Weights])
        msgspec.convert(told.get("__metadata__") or {}, dict[str, str])
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"weights without a model (safetensors), their list is no such list: {error}") from None
    end = 8 + size
    for name, each in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        first, behind = (8 + size + place for place in each.data_offsets)
        bits = _BITS.get(each.dtype)
        if first != end or behind < first or (bits and math.prod(each.shape) * bits != 8 * (behind - first)):
            raise Unreadable(
                f"weights without a model (safetensors): {name[:99]!r}, {each.dtype} {each.shape}, is to lie from byte "
                f"{first:,} to {behind:,}, and the one before it ends at {end:,}"
            )
        fields.areas.append((first, behind))
        end = behind
    if end != len(fields):
        raise Unreadable(f"weights without a model (safetensors) that end at byte {end:,} of {len(fields):,}")
    strange = sorted({each.dtype for each in tensors.values()} - set(_BITS))
    return identity_of(
        "safetensors",
        details=(plural(len(tensors), "tensor"),),
        checked="" if strange else "the places of its tensors fill the file",
        unknown=(f"whether it is whole: the type {strange[0]} is not known here",) if strange else (),
    )


if TYPE_CHECKING:
    from envdoctor.stages.file_readers import FileReader

READERS: tuple[FileReader, ...] = (read_gguf, read_safetensors)
