"""What ONNX Runtime and its providers write: .ort files, and ONNX files around a graph that is compiled already.

.ort: core/flatbuffers/schema/ort.fbs of onnxruntime. What QNN's provider compiles is the compiler qualcomm's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.stages.ep_context import EpContext, identify_ep_context
from envdoctor.tflite.flatbuffer import FlatBuffer

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_QNN = "QNNExecutionProvider"
_PROVIDERS = {
    "OpenVINOExecutionProvider": ("onnxruntime-openvino", "ONNX Runtime with OpenVINOExecutionProvider"),
    "VitisAIExecutionProvider": ("Vitis AI", "ONNX Runtime with VitisAIExecutionProvider, on an AMD NPU"),
    "TensorrtExecutionProvider": ("TensorRT", "ONNX Runtime with TensorrtExecutionProvider, on that GPU"),
    "NvTensorRTRTXExecutionProvider": ("TensorRT for RTX", "ONNX Runtime with NvTensorRTRTXExecutionProvider"),
}
_MOST = 64


def read_ort(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a model in ONNX Runtime's own format; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(b"ORTM", 4):
        return None
    session = FlatBuffer(fields.data).root()
    model = session.table(1)
    graph = None if model is None else model.table(7)
    nodes = 0 if graph is None else sum(bool(node.string(5)) for node in graph.tables(2))
    if graph is None or not nodes:
        raise Unreadable("it holds no graph")
    for tensor in graph.tables(0):
        tensor.raw(4)  # its data must be there
    return identity_of(
        "ort",
        details=(f"format version {session.string(0)}", f"{nodes} operator{'' if nodes == 1 else 's'}"),
        inputs=tuple(graph.strings(5))[:_MOST],
        outputs=tuple(graph.strings(6))[:_MOST],
        checked="its tables lie within the file",
    )


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
