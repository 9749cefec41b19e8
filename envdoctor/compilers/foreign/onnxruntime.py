"""What ONNX Runtime and its providers write: .ort files, ONNX files around a compiled graph, QNN's context binaries.

EPContext: docs/execution-providers/EP-Context-Design.md of onnxruntime. .ort: core/flatbuffers/schema/ort.fbs there.
The binary's header was read off files of onnxruntime-qnn 2.7.0: four big-endian numbers, then the sizes of the
description and of the program, whose place lies between.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.fields import Fields
from envdoctor.support.protobuf import Message, read_message
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from pathlib import Path

_GRAPH, _OPSETS, _NODES, _INPUTS, _OUTPUTS, _METADATA = 7, 8, 1, 11, 12, 14
_COMPILED_NODE, _COMPATIBILITY = "EPContext", "ep_compatibility_info."
_PROVIDERS = {
    "QNNExecutionProvider": ("onnxruntime-qnn (QAIRT)", "ONNX Runtime with QNNExecutionProvider, on that chip"),
    "OpenVINOExecutionProvider": ("onnxruntime-openvino", "ONNX Runtime with OpenVINOExecutionProvider"),
    "VitisAIExecutionProvider": ("Vitis AI", "ONNX Runtime with VitisAIExecutionProvider, on an AMD NPU"),
    "TensorrtExecutionProvider": ("TensorRT", "ONNX Runtime with TensorrtExecutionProvider, on that GPU"),
    "NvTensorRTRTXExecutionProvider": ("TensorRT for RTX", "ONNX Runtime with NvTensorRTRTXExecutionProvider"),
}
#: onnx.TensorProto.DataType.
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
_QNN_HEADER, _QNN_START = 40, b"\0\0\0"
_QNN_SDK = re.compile(rb"v(?P<sdk>\d{1,2}\.\d{1,3}\.\d{1,3}\.\d{6,14})")
_QNN_CHIP = re.compile(rb"soc_type=(?P<soc>\w{2,20});arch=(?P<arch>\d{2,3})")
_MOST, _LARGEST_HEAD = 64, 16 << 20


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
        details=(f"format version {session.string(0)}", f"{nodes} operators"),
        inputs=tuple(graph.strings(5))[:_MOST],
        outputs=tuple(graph.strings(6))[:_MOST],
        checked="its tables lie within the file",
    )


def read_ep_context(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an ONNX file around a compiled graph; None for any other file.

    Raises:
        Unreadable: it is damaged.
    """
    if not fields.starts(b"\x08"):
        return None
    try:
        model = read_message(fields.data)
        graph = model.first(_GRAPH)
        nodes = [node for node in graph.messages(_NODES) if node.text(4) == _COMPILED_NODE]
    except Unreadable as error:
        if _COMPILED_NODE.encode() not in bytes(fields.data[:_LARGEST_HEAD]):
            return None
        raise Unreadable(f"as an ONNX file around a compiled graph (EPContext): {error}") from None
    if not nodes:
        return None
    imported = {each.text(1) for each in model.messages(_OPSETS)}
    if any(node.text(7) not in imported for node in nodes):
        raise Unreadable("as an ONNX file around a compiled graph (EPContext) it ends before its operator sets")
    told = _attributes(nodes)
    provider = told.get("source", "")
    compiler, runtime = _PROVIDERS.get(provider, (provider, f"ONNX Runtime with {provider}" if provider else ""))
    binary, missing = _binary(path, nodes)
    chip = _chip_of(binary) or _compatible_chip(model, provider)
    return identity_of(
        "ep-context",
        compiler=compiler,
        compiler_version=told.get("ep_sdk_version", "").removeprefix("v"),
        runtime=runtime,
        chip=chip,
        **_goal_of(binary, provider),
        inputs=tuple(_value(each) for each in graph.messages(_INPUTS))[:_MOST],
        outputs=tuple(_value(each) for each in graph.messages(_OUTPUTS))[:_MOST],
        details=(f"{len(nodes)} compiled graphs" if len(nodes) > 1 else "1 compiled graph",),
        missing=missing,
        checked="the file has its end" + ("" if missing else ", and what was compiled is there"),
    )


def _attributes(nodes: list[Message]) -> dict[str, str]:
    """The texts among the nodes' attributes, but for what was compiled."""
    attributes = (attribute for node in nodes for attribute in node.messages(5))
    return {each.text(1): each.text(4) for each in attributes if each.text(1) != "ep_cache_context"}


def _binary(path: Path, nodes: list[Message]) -> tuple[Fields | None, tuple[str, ...]]:
    """What was compiled, embedded or beside; and the names of files that are not there.

    Raises:
        Unreadable: a name leads out of the folder; nothing is embedded; a file beside is damaged.
    """
    found, missing = [], []
    for node in nodes:
        attributes = {each.text(1): each for each in node.messages(5)}
        cache = attributes.get("ep_cache_context", Message({}))
        if not cache.has(4):
            if "main_context" in attributes and not attributes["main_context"].number(3):
                continue  # it shares another node's
            raise Unreadable("a compiled graph (EPContext) in it is empty")
        if "embed_mode" not in attributes or attributes["embed_mode"].number(3):
            found.append(Fields(cache.raw(4)))
            continue
        name = _safe_name(cache.text(4))
        if (path.parent / name).is_file():
            found.append(Fields(map_file(path.parent / name)))
        else:
            missing.append(name)
    for each in found:
        _require_binary(each)
    return next(iter(found), None), tuple(missing)


def _safe_name(text: str) -> str:
    name = PurePosixPath(text.replace("\\", "/"))
    if not name.parts or name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise Unreadable(f"what was compiled lies outside its folder, in {text!r}")
    return str(name)


def _require_binary(binary: Fields) -> None:
    if not any(binary.data[:4096]):
        raise Unreadable("what was compiled is empty, or zeros: a placeholder")
    if _is_qnn(binary):
        _qnn_sizes(binary)


def _chip_of(binary: Fields | None) -> str:
    if binary is None or not _is_qnn(binary):
        return ""
    found = _QNN_CHIP.search(bytes(binary.data[:_LARGEST_HEAD]))
    return "" if found is None else f"Qualcomm {found['soc'].decode()} (Hexagon v{found['arch'].decode()})"


def _goal_of(binary: Fields | None, provider: str) -> dict[str, Any]:
    """What goals call it."""
    found = None if binary is None else _QNN_CHIP.search(bytes(binary.data[:_LARGEST_HEAD]))
    targets = () if found is None else (found["soc"].decode(),)
    return {"kind": "qnn-context", "targets": targets} if provider.startswith("QNN") else {}


def _compatible_chip(model: Message, provider: str) -> str:
    """What the provider wrote for what it fits: of QNN the Hexagon's architecture and the SoC's number."""
    pairs = {each.text(1): each.text(2) for each in model.messages(_METADATA)}
    words = pairs.get(f"{_COMPATIBILITY}{provider}", "").split(":")
    if not provider.startswith("QNN") or len(words) < 6:  # noqa: PLR2004  (version, backend, SDK, API, arch, SoC)
        return ""
    return f"Qualcomm Hexagon v{words[4]} (SoC number {words[5]} in QNN's list)"


def _value(value: Message) -> str:
    tensor = value.first(2).first(1)
    sizes = [dim.number(1) if dim.has(1) else dim.text(2) or "?" for dim in tensor.first(2).messages(1)]
    shape = ", ".join(map(str, sizes))
    return f"{value.text(1)} {_TYPES.get(tensor.number(1), f'type {tensor.number(1)}')} [{shape}]"


def _is_qnn(fields: Fields) -> bool:
    """Whether it begins with the numbers of a context binary and holds the text that names the SDK."""
    if len(fields) < _QNN_HEADER or not fields.starts(_QNN_START) or not 1 <= fields.data[3] <= 9:  # noqa: PLR2004
        return False
    return fields.starts(bytes(3), 4) and fields.data[7] < 16 and _sdk(fields) != ""  # noqa: PLR2004


def _sdk(fields: Fields) -> str:
    found = _QNN_SDK.search(bytes(fields.data[:_LARGEST_HEAD]))
    return "" if found is None else found["sdk"].decode()


def _qnn_sizes(fields: Fields) -> None:
    described, at, size = fields.numbers(16, 3, 8)
    fields.part(_QNN_HEADER, described)
    fields.require_size(at + size)
    if not size or not any(fields.data[at : at + _LARGEST_HEAD]):
        raise Unreadable("behind its description are zeros: a placeholder")


def read_qnn_binary(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a context binary of QNN; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not _is_qnn(fields):
        return None
    _qnn_sizes(fields)
    return identity_of(
        "qnn-context",
        chip=_chip_of(fields),
        **_goal_of(fields, "QNN"),
        compiler_version=_sdk(fields),
        checked="the sizes in its header agree with the file",
    )
