"""An ONNX model of double or half precision written in single precision: LiteRT has no kernels for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .untyped import OnnxModel

#: Attributes of operators that name the type of what they give.
_TYPES = ("to", "dtype")


def write_in_single(model: OnnxModel) -> str:
    """Change a model in place; gives the type that its numbers had, empty if they were of single precision."""
    import onnx

    single = onnx.TensorProto.FLOAT
    others = {getattr(onnx.TensorProto, name): name.lower() for name in ("FLOAT16", "BFLOAT16", "DOUBLE")}
    found: set[str] = set()
    for tensor in _tensors(model):
        if tensor.data_type in others:
            found.add(others[tensor.data_type])
            values = onnx.numpy_helper.to_array(tensor).astype("float32")
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    for holder, name in _types(model):
        if getattr(holder, name) in others:
            found.add(others[getattr(holder, name)])
            setattr(holder, name, single)
    return " and ".join(sorted(found))


def _types(model: OnnxModel) -> Iterator[tuple[Any, str]]:
    """Where a model names types: what holds one, and its field."""
    for graph in _graphs(model.graph):
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.HasField("tensor_type"):
                yield value.type.tensor_type, "elem_type"
    for node in _nodes(model):
        yield from ((attribute, "i") for attribute in node.attribute if attribute.name in _TYPES)


def _tensors(model: OnnxModel) -> Iterator[Any]:
    for graph in _graphs(model.graph):
        yield from graph.initializer
    for node in _nodes(model):
        yield from (attribute.t for attribute in node.attribute if attribute.HasField("t"))


def _nodes(model: OnnxModel) -> Iterator[Any]:
    for graph in _graphs(model.graph):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def _graphs(graph: Any) -> Iterator[Any]:  # noqa: ANN401
    """A graph and those inside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                yield from _graphs(inner)
