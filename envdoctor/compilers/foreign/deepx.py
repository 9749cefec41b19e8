"""DEEPX's .dxnn files: `DXNN`, the format's version, in the first 8192 bytes a JSON text with the place of each part.

As lib/model.cpp of github.com/DEEPX-AI/dx_rt reads them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.support.fields import Fields

_MAGIC, _HEADER = b"DXNN", 8192
_LARGEST_CONFIG, _MOST, _DEEPEST = 1 << 20, 64, 6


def read_dxnn(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .dxnn file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(_MAGIC):
        return None
    version = fields.number(4)
    told = _json(bytes(fields.part(8, _HEADER - 8)), "its header")
    data = told.get("data")
    if not isinstance(data, dict):
        raise Unreadable("its header names no parts")
    parts = tuple(_parts(data, 0))
    if not parts:
        raise Unreadable("its header names no part with a place")
    for offset, size in parts:
        fields.part(_HEADER + offset, size)
        fields.require_size(_HEADER + offset + size)
    config = _config(fields, data)
    compiled = data.get("compiled_data")
    npus = tuple(compiled)[:_MOST] if isinstance(compiled, dict) else ()
    if not npus:
        raise Unreadable("it holds nothing that was compiled for an NPU")
    return identity_of(
        "dxnn",
        chip=", ".join(npus),
        compiler_version=str(config.get("compile_version", "")),
        details=(f"format version {version}",),
        checked="the places of all its parts lie within the file",
    )


def _json(content: bytes, what: str) -> dict[str, Any]:
    try:
        told = json.loads(content.rstrip(b"\0").rstrip() or b"{}")
    except ValueError as error:
        raise Unreadable(f"{what} is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise Unreadable(f"{what} is no JSON object")
    return told


def _parts(value: dict[str, Any], depth: int) -> Iterator[tuple[int, int]]:
    offset, size = value.get("offset"), value.get("size")
    if isinstance(offset, int) and isinstance(size, int):
        yield offset, size
    elif depth < _DEEPEST:
        for inner in value.values():
            if isinstance(inner, dict):
                yield from _parts(inner, depth + 1)


def _config(fields: Fields, data: dict[str, Any]) -> dict[str, Any]:
    place = next(_parts(data.get("compile_config") or {}, 0), None)
    if place is None or place[1] > _LARGEST_CONFIG:
        return {}
    return _json(bytes(fields.part(_HEADER + place[0], place[1])), "its configuration")
