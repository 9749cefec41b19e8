"""What an .rknn file tells: the chip, the toolkit's version, inputs and outputs.

Behind `RKNN`, four zero bytes, the container's version and the size of the program (eight bytes each) come, from the
second container version on, 40 reserved bytes; then the program, the size of a JSON text (eight bytes) and that text.
The program of RKNPU2 is a flatbuffer `RKNN`: its field 7 is the versions of toolkit and compiler, 8 the chip.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from envdoctor.compilers.rknn.whole import ends_of, require_program
from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.tflite.flatbuffer import FlatBuffer

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_MAGIC, _ENCRYPTED = b"RKNN\0\0\0\0", b"CYPTRKNN"
_HEADER, _RESERVED = 24, 40
_VERSIONS_FIELD, _CHIP_FIELD = 7, 8
_VERSIONS = re.compile(r"(?P<toolkit>[\w.+-]+)\s*\(compiler version:\s*(?P<compiler>[^()]*(?:\([^()]*\))?)")
_LARGEST_TEXT, _MOST = 16 << 20, 64
_TOLD = "the sizes in its header and its description agree with the file"
_TOLD_OF_TABLES = (
    "the sizes in its header, the tables of its program and its description agree; no checksum covers its numbers"
)


def read_rknn(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an .rknn file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if fields.starts(_ENCRYPTED):
        return identity_of("rknn", unknown=("it is encrypted: chip and version can't be read",))
    if not fields.starts(b"RKNN"):
        return None
    if not fields.starts(_MAGIC):
        raise Unreadable("bytes 4 to 8 of an .rknn file are zeros, and here they are not")
    container, size = fields.number(8, 8), fields.number(16, 8)
    start = _HEADER + (_RESERVED if container & 0xFF > 1 else 0)
    program, told = fields.part(start, size), _description(fields, start + size)
    fields.require_size(start + size + 8 + fields.number(start + size, 8))
    is_table = bytes(program[4:8]) == b"RKNN"
    if is_table:
        fields.areas += [(start + at, start + at + length) for at, length in require_program(program, told)]
    versions, chip = _versions(program) if is_table else ("", "")
    chips = _chips(told) or ((chip,) if chip else ())
    if chip and chip not in chips:
        raise Unreadable(f"its program is for {chip}, and its description says {', '.join(chips)}")
    if not chips:
        raise Unreadable("it names no chip, neither in its program nor in its description")
    found = _VERSIONS.match(versions)
    return identity_of(
        "rknn" if is_table else "rknn-1",
        chip=", ".join(chips).upper(),
        targets=chips,
        compiler_version=str(told.get("version") or (found["toolkit"] if found else "")),
        inputs=_tensors(told, "input"),
        outputs=_tensors(told, "output"),
        details=(f"compiler {found['compiler'].strip()}",) if found else (),
        checked=_TOLD_OF_TABLES if is_table else _TOLD,
    )


def _description(fields: Fields, at: int) -> dict[str, Any]:
    size = fields.number(at, 8)
    if size > _LARGEST_TEXT:
        raise Unreadable(f"its description would have {size:,} bytes")
    try:
        told = json.loads(bytes(fields.part(at + 8, size)).rstrip(b"\0"))
    except ValueError as error:
        raise Unreadable(f"its description is no JSON: {error}") from None
    if not isinstance(told, dict) or not isinstance(told.get("nodes"), list) or not told["nodes"]:
        raise Unreadable("its description names no node of a network")
    return told


def _versions(program: memoryview) -> tuple[str, str]:
    table = FlatBuffer(program).root()
    return table.string(_VERSIONS_FIELD) or "", table.string(_CHIP_FIELD) or ""


def _chips(told: dict[str, Any]) -> tuple[str, ...]:
    named = told.get("target_platform")
    words = named if isinstance(named, list) else [named]
    return tuple(word.strip().lower() for word in words if isinstance(word, str) and word.strip())[:_MOST]


def _tensors(told: dict[str, Any], side: str) -> tuple[str, ...] | None:
    """Name, type and shape of what the graph takes or gives; None where the description has another form."""
    ends = ends_of(told, side)
    return None if ends is None else tuple(f"{_typed(each)} {list(each['size'])}" for each in ends[:_MOST])


def _typed(tensor: dict[str, Any]) -> str:
    told = tensor["url"], tensor["kind"]  # which is empty in a model that is not quantized
    return " ".join(str(each) for each in told if each)
