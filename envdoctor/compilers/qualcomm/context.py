"""What onnxruntime-qnn writes: an ONNX file whose nodes hold contexts of QNN, each a binary for one Hexagon.

An EPContext node: docs/execution_providers/EP-Context-Design of ONNX Runtime. A context binary is not documented: four
numbers, the sizes of a flatbuffer and of the blob behind it, the flatbuffer, the blob. What its fields mean was told
by compiling the same model for nine chips and comparing (onnxruntime-qnn 2.7.0, QNN 2.51).
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.protobuf import Message, read_message
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NODE, _CONTEXT_DOMAIN = "EPContext", "com.microsoft"
_HEADER = struct.Struct(">IIII")
_SIZES = struct.Struct("<QQQ")
_BEGINS = (2, 3)
_TABLE_AT = _HEADER.size + _SIZES.size
_LAYOUT = 3
#: What turns floats at the edges of the graph into integers, and back.
EDGES = ("QuantizeLinear", "DequantizeLinear")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextBinary:
    """A context of QNN.

    Attributes:
        sdk: the version of the SDK that wrote it (`v2.51.0.260929181845`).
        soc: Qualcomm's number of the chip.
        arch: the version of its Hexagon; None if it does not tell.
    """

    sdk: str
    soc: int
    arch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextModel:
    """An ONNX file with contexts.

    Attributes:
        contexts: the binaries in it.
        data: their bytes.
        on_cpu: the operators beside them, by name.
    """

    contexts: tuple[ContextBinary, ...]
    data: tuple[bytes, ...]
    on_cpu: Mapping[str, int]


def read_contexts(path: Path) -> ContextModel:
    """Read an ONNX file with contexts in it.

    Raises:
        Unreadable: it is damaged, or a context is not in it, empty, cut short, or of a layout that is not known.
    """
    graph = read_message(map_file(path)).first(7)
    nodes = list(graph.messages(1))
    mine = [node for node in nodes if (node.text(4), node.text(7)) == (_NODE, _CONTEXT_DOMAIN)]
    others = Counter(node.text(4) for node in nodes if node.text(4) != _NODE)
    data = tuple(found for node in mine if (found := _embedded(node)) is not None)
    return ContextModel(contexts=tuple(map(parse_context, data)), data=data, on_cpu=others)


def _embedded(node: Message) -> bytes | None:
    """The bytes of a node's context; None for a node that shares another's."""
    attributes = {one.text(1): one for one in node.messages(5)}
    source = attributes["source"].text(4) if "source" in attributes else ""
    if "qnn" not in source.lower():
        raise Unreadable(f"its context is of {source or 'nobody that it names'}, not of QNN")
    if "embed_mode" in attributes and not attributes["embed_mode"].number(3):
        raise Unreadable("its context is in a file beside it")
    if "main_context" in attributes and not attributes["main_context"].number(3):
        return None
    return bytes(attributes["ep_cache_context"].raw(4)) if "ep_cache_context" in attributes else b""


def parse_context(data: bytes | memoryview) -> ContextBinary:
    """Read a context binary.

    Raises:
        Unreadable: it is none, it is cut short, or of a layout that is not known.
    """
    if len(data) <= _TABLE_AT:
        raise Unreadable(f"its context has {len(data)} bytes")
    if _HEADER.unpack_from(data)[:2] != _BEGINS:
        raise Unreadable(f"its context begins with {data[:8].hex(' ')}, as none of QNN does")
    table, start, size = _SIZES.unpack_from(data, _HEADER.size)
    if start < table or start + size > len(data):
        raise Unreadable(f"its context is to have {start + size} bytes, and has {len(data)}")
    if not any(data[start : start + size]):
        raise Unreadable("its context is empty")
    outer = FlatBuffer(data[_TABLE_AT : _TABLE_AT + table]).root().table(0)
    info = outer and outer.table(2)
    if outer is None or info is None or outer.integer(1, "B") != _LAYOUT:
        raise Unreadable("its context is of a layout that is not known")
    own = bytes(info.raw(15) or b"")
    sdk = info.string(1) or ""
    if not sdk:
        raise Unreadable("its context does not tell what wrote it")
    arch = struct.unpack_from("<I", own, 4)[0] if len(own) >= 8 else None  # noqa: PLR2004  (a version, then this)
    return ContextBinary(sdk=sdk, soc=info.integer(16, "I"), arch=arch)
