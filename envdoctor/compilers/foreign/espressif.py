"""Models for Espressif's ESP-DL (.espdl): `EDL1` or `EDL2`, whether it is encrypted, a size, then a flatbuffer.

Header and tables: fbs_loader.cpp and espdl.fbs of github.com/espressif/esp-dl and the 77 models there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.tflite.flatbuffer import FlatBuffer

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.flatbuffer import Table

_HEADERS = {b"EDL1": 12, b"EDL2": 16}
_PACKED = (b"PDL1", b"PDL2", b"PDL3")
#: Fields of Model and Graph.
_GRAPH, _METADATA, _NODES, _WEIGHTS, _INPUTS, _OUTPUTS = 7, 8, 0, 2, 4, 5
_TARGET, _CHIPS, _MOST = "target", {"c": "any chip of Espressif's"}, 64


def read_espdl(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an .espdl file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if any(map(fields.starts, _PACKED)):
        return identity_of("espdl", details=("several models in one",), unknown=("which models are in it",))
    header = next((size for magic, size in _HEADERS.items() if fields.starts(magic)), 0)
    if not header:
        return None
    is_encrypted, size = fields.number(4), fields.number(8)
    fields.require_size(header + size)
    if is_encrypted:
        return identity_of("espdl", unknown=("all else: it is encrypted",), checked="the size in its header")
    model = FlatBuffer(fields.part(header, size)).root()
    graph = model.table(_GRAPH)
    nodes = 0 if graph is None else sum(1 for _ in graph.tables(_NODES))
    if graph is None or not nodes:
        raise Unreadable("it holds no operator")
    for tensor in graph.tables(_WEIGHTS):
        tensor.string(6)  # its tables must be there
    target = next((pair.string(1) or "" for pair in model.tables(_METADATA) if pair.string(0) == _TARGET), "")
    return identity_of(
        "espdl",
        chip=_CHIPS.get(target, target.upper().replace("ESP32", "ESP32-")) or "ESP32-S3 or ESP32-P4",
        inputs=_names(graph, _INPUTS),
        outputs=_names(graph, _OUTPUTS),
        details=(f"{nodes} operator{'' if nodes == 1 else 's'}",),
        unknown=() if target else ("which of the two chips",),
        checked="the size in its header agrees with the file, and its tables lie within it",
    )


def _names(graph: Table, field: int) -> tuple[str, ...]:
    return tuple(value.string(0) or "" for value in graph.tables(field))[:_MOST]
