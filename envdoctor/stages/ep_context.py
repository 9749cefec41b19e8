"""ONNX files around a graph that a provider of ONNX Runtime has compiled (EPContext).

docs/execution-providers/EP-Context-Design.md of onnxruntime. Which compiler's they are is told by the provider that
wrote them: each compiler describes its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.fields import Fields
from envdoctor.support.protobuf import Message, read_message
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_GRAPH, _OPSETS, _NODES, _INPUTS, _OUTPUTS, _METADATA = 7, 8, 1, 11, 12, 14
_COMPILED_NODE = "EPContext"
#: onnx.TensorProto.DataType.
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
_MOST, _LARGEST_HEAD = 64, 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EpContext:
    """What was compiled.

    Attributes:
        provider: ONNX Runtime's name of what compiled it; empty if that is not said.
        binaries: the compiled graphs, as far as they are there.
        metadata: what the model's metadata say.
    """

    provider: str
    binaries: tuple[Fields, ...]
    metadata: Mapping[str, str]


def identify_ep_context(
    path: Path, fields: Fields, describe: Callable[[EpContext], Mapping[str, Any] | None]
) -> FileIdentity | None:
    """The identity of an ONNX file around a compiled graph; None for any other file.

    Args:
        path: the file.
        fields: its bytes.
        describe: gives what the caller knows of it (fields of FileIdentity); None if it is another compiler's.

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
    binaries, missing = _binaries(path, nodes)
    metadata = {each.text(1): each.text(2) for each in model.messages(_METADATA)}
    described = describe(EpContext(provider=told.get("source", ""), binaries=binaries, metadata=metadata))
    if described is None:
        return None
    return identity_of(
        "ep-context",
        compiler_version=told.get("ep_sdk_version", "").removeprefix("v"),
        inputs=tuple(_value(each) for each in graph.messages(_INPUTS))[:_MOST],
        outputs=tuple(_value(each) for each in graph.messages(_OUTPUTS))[:_MOST],
        details=(f"{len(nodes)} compiled graphs" if len(nodes) > 1 else "1 compiled graph",),
        missing=missing,
        checked="the file has its end" + ("" if missing else ", and what was compiled is there"),
        **described,
    )


def _attributes(nodes: list[Message]) -> dict[str, str]:
    """The texts among the nodes' attributes, but for what was compiled."""
    attributes = (attribute for node in nodes for attribute in node.messages(5))
    return {each.text(1): each.text(4) for each in attributes if each.text(1) != "ep_cache_context"}


def _binaries(path: Path, nodes: list[Message]) -> tuple[tuple[Fields, ...], tuple[str, ...]]:
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
    if not all(any(each.data[:4096]) for each in found):
        raise Unreadable("what was compiled is empty, or zeros: a placeholder")
    return tuple(found), tuple(missing)


def _safe_name(text: str) -> str:
    name = PurePosixPath(text.replace("\\", "/"))
    if not name.parts or name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise Unreadable(f"what was compiled lies outside its folder, in {text!r}")
    return str(name)


def _value(value: Message) -> str:
    tensor = value.first(2).first(1)
    sizes = [dim.number(1) if dim.has(1) else dim.text(2) or "?" for dim in tensor.first(2).messages(1)]
    shape = ", ".join(map(str, sizes))
    return f"{value.text(1)} {_TYPES.get(tensor.number(1), f'type {tensor.number(1)}')} [{shape}]"
