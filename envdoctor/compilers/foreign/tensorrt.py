"""TensorRT's plans (.engine, .plan): the tag `ftrt`, a number of the serialization, the plan's size, the version.

Tag and place of the version: sampleEngines.cpp of github.com/NVIDIA/TensorRT (plan tag 0x74727466, bytes 24 to 28); the
size: public files of TensorRT 8.6, 10.0 and 10.15.
Ultralytics puts a JSON text behind its own length before the plan.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_TAG = b"ftrt"
_FORMAT_AT, _SIZE_AT, _VERSION_AT, _HEADER, _LEAST, _LOOKED_AT = 8, 16, 24, 32, 1024, 1 << 20
#: Numbers of the serialization whose header was seen to hold the plan's size.
_KNOWN_FORMATS = (1, 2)
_SHORTEST_JSON, _LONGEST_JSON = 2, 1 << 20
_LATEST = 99


def read_engine(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a plan; None for any other file.

    Raises:
        Unreadable: it ends before a plan can.
    """
    del path
    if fields.starts(_TAG):
        return _plan(fields, 0, {})
    size = fields.number(0) if len(fields) > _LEAST else 0
    if not _SHORTEST_JSON <= size <= _LONGEST_JSON or not fields.starts(b"{", 4) or not fields.starts(_TAG, 4 + size):
        return None
    try:
        told = json.loads(bytes(fields.part(4, size)))
    except ValueError as error:
        raise Unreadable(f"the JSON text before its plan is damaged: {error}") from None
    return _plan(fields, 4 + size, told if isinstance(told, dict) else {})


def _plan(fields: Fields, start: int, told: dict[str, Any]) -> FileIdentity:
    if len(fields) - start < _LEAST:
        raise Unreadable(f"it is cut short: {len(fields) - start:,} bytes hold no plan of TensorRT")
    if not any(fields.data[start + _HEADER : start + _LOOKED_AT]):
        raise Unreadable("behind its tag are zeros, no plan of TensorRT: a placeholder")
    numbers = tuple(fields.part(start + _VERSION_AT, 4))
    likely = 4 <= numbers[0] <= _LATEST  # noqa: PLR2004  (TensorRT 4 wrote such a plan first)
    size, rest = fields.number(start + _SIZE_AT, 8), len(fields) - start
    if size > rest and fields.number(start + _FORMAT_AT) in _KNOWN_FORMATS:
        raise Unreadable(f"it is cut short: its header says {size:,} bytes, and it has {rest:,}")
    words = [f"Ultralytics {told['version']}"] if isinstance(told.get("version"), str) else []
    words += [f"{key} {told[key]}" for key in ("task", "imgsz", "batch") if key in told]
    return identity_of(
        "tensorrt",
        compiler_version=".".join(map(str, numbers)) if likely else "",
        details=tuple(word[:80] for word in words),
        checked="the size in its header agrees with the file" if size == rest else "",
    )
