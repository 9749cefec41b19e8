"""What ONNX Runtime and its providers write: .ort files, and ONNX files around a graph that is compiled already.

.ort: core/flatbuffers/schema/ort.fbs of onnxruntime. What QNN's provider compiles is the compiler qualcomm's.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.stages.ep_context import EpContext, identify_ep_context
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.flatbuffer_schema import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.flatbuffer import Table

_QNN = "QNNExecutionProvider"
_PROVIDERS = {
    "OpenVINOExecutionProvider": ("onnxruntime-openvino", "ONNX Runtime with OpenVINOExecutionProvider"),
    "VitisAIExecutionProvider": ("Vitis AI", "ONNX Runtime with VitisAIExecutionProvider, on an AMD NPU"),
    "TensorrtExecutionProvider": ("TensorRT", "ONNX Runtime with TensorrtExecutionProvider, on that GPU"),
    "NvTensorRTRTXExecutionProvider": ("TensorRT for RTX", "ONNX Runtime with NvTensorRTRTXExecutionProvider"),
}
_MOST, _DEEPEST = 64, 64
_SCHEMA = Path(__file__).with_name("ort-schema.toml")
_KINDS_OF_TYPES, _KINDS_OF_ATTRIBUTES, _NEWEST_TYPE = 3, 14, 50
#: Bytes of an element, by TensorProto.DataType, of those that are whole.
_WIDTHS = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}


def read_ort(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a model in ONNX Runtime's own format; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(b"ORTM", 4):
        return None
    for name, table in tables_of(fields.data, load_file(_SCHEMA)["tables"], "InferenceSession"):
        _require_sound(name, table)
    session = FlatBuffer(fields.data).root()
    model = session.table(1)
    graph = None if model is None else model.table(7)
    nodes = 0 if graph is None else sum(1 for _ in graph.tables(2))
    if graph is None or not nodes:
        raise Unreadable("it holds no graph")
    _require_known(graph, frozenset({""}))
    return identity_of(
        "ort",
        details=(f"format version {session.string(0)}", f"{nodes} operator{'' if nodes == 1 else 's'}"),
        inputs=tuple(graph.strings(5))[:_MOST],
        outputs=tuple(graph.strings(6))[:_MOST],
        checked="its tables lie within the file, and its operators take what is there",
    )


def _require_sound(name: str, table: Table) -> None:
    """Refuse a table without what ONNX Runtime asks of it."""
    if name == "TypeInfo" and not 0 < table.integer(1, "B") <= _KINDS_OF_TYPES:
        raise Unreadable("a value in it is of no kind of type")
    if name == "TensorTypeAndShape" and not 0 < table.integer(0, "i") <= _NEWEST_TYPE:
        raise Unreadable("a value in it has elements of no type")
    if name == "Attribute" and not (table.string(0) and 0 < table.integer(2, "i") <= _KINDS_OF_ATTRIBUTES):
        raise Unreadable("an attribute in it has no name or no type")
    if name == "Tensor":
        kind, raw, count = table.integer(3, "i"), table.raw(4), math.prod(table.numbers(2, "q") or ())
        if not 0 < kind <= _NEWEST_TYPE or (raw and kind in _WIDTHS and len(raw) != count * _WIDTHS[kind]):
            raise Unreadable(f"the tensor {table.string(0)!r} has no type, or other bytes than its shape says")


def _graphs_in(node: Table) -> Iterator[Table]:
    for attribute in node.tables(10):
        yield from (inner for inner in (attribute.table(7), *attribute.tables(12)) if inner is not None)


def _require_known(graph: Table, outside: frozenset[str], depth: int = 0) -> None:
    """Refuse a graph in which an operator takes or gives what is no value of it."""
    values = [each.string(0) for each in graph.tables(1)]
    known, most = outside | frozenset(filter(None, values)), graph.integer(3, "I")
    stored = [tensor.string(0) or "" for tensor in graph.tables(0)]
    if None in values or depth > _DEEPEST or not known.issuperset((*stored, *graph.strings(5), *graph.strings(6))):
        raise Unreadable("a value that its graph takes, gives or stores is not there")
    indices = []
    for node in graph.tables(2):
        inputs = list(node.strings(8))
        if not known.issuperset((*inputs, *node.strings(9), *node.strings(12))):
            raise Unreadable(f"an operator {node.string(5)} takes or gives what is no value of its graph")
        indices.append(node.integer(4, "I"))
        if not node.string(5) or sum(node.numbers(11, "i") or ()) != len(inputs) or indices[-1] >= most:
            raise Unreadable(f"an operator {node.string(5)!r} has no kind, no place or other inputs than it counts")
        for inner in _graphs_in(node):
            _require_known(inner, known, depth + 1)
    if len(set(indices)) < len(indices) or any(edge.integer(0, "I") not in indices for edge in graph.tables(4)):
        raise Unreadable("two operators have one number, or an edge leads to none")


def read_ep_context(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an ONNX file around a graph that a provider compiled, but for QNN's; None for any other file.

    Raises:
        Unreadable: it is damaged.
    """
    return identify_ep_context(path, fields, _described)


def _described(made: EpContext) -> dict[str, Any] | None:
    if made.provider == _QNN:
        return None
    runtime = f"ONNX Runtime with {made.provider}" if made.provider else ""
    compiler, runtime = _PROVIDERS.get(made.provider, (made.provider, runtime))
    return {"compiler": compiler, "runtime": runtime}
