"""ONNX models: inputs, operators and where the weights are, read from the wire format without onnx.

Field numbers: onnx/onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto). Weights may lie in
files beside the model (TensorProto.external_data), by a relative path that must not leave the folder.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources.given_inputs import parse_inputs
from envdoctor.pipeline.sources.onnx_schemas import without_schema
from envdoctor.pipeline.sources.onnx_whole import (
    DEFAULT_DOMAINS,
    RUNTIME_DOMAINS,
    needed_bytes,
    opset_of,
    require_whole,
)
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.support.files import read_head
from envdoctor.support.protobuf import Message, read_message
from envdoctor.support.text import few, plural
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IR_VERSION, _GRAPH, _OPSETS, _FUNCTIONS = 1, 7, 8, 25
_NODES, _INITIALIZERS, _SPARSE, _INPUTS = 1, 5, 15, 11
_OP_TYPE, _ATTRIBUTES, _DOMAIN = 4, 5, 7
_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 6, 11
_ATTRIBUTE_TENSORS, _ATTRIBUTE_SPARSE, _SPARSE_TENSORS = (5, 10), (22, 23), (1, 2)
_EXTERNAL, _NAME = 13, 8
#: TensorProto.DataType.
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
_FIRST_BYTE = b"\x08"  # the key of the IR version, which writers put first
_DEEPEST, _MOST_FILES, _SHOWN = 16, 4096, 5
_LARGEST = (1 << 31) - 1  # of a protocol buffer


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxModel:
    """What a file says.

    Attributes:
        opset: of the default domain.
        inputs: what it takes, weights left out; None for a size that is open.
        operators: the types of its nodes, those of its subgraphs and functions included, with their domain if it is
            another than the default.
        foreign: those of them that no ONNX Runtime has: of somebody's own domain, or unknown in this opset.
        external: the files beside it that hold weights, by the bytes that they must have.
    """

    opset: int
    inputs: tuple[InputSpec, ...]
    operators: frozenset[str]
    foreign: frozenset[str]
    external: Mapping[Path, int]


def looks_like_onnx(path: Path) -> bool:
    """True for a file that is an ONNX model by its content, whatever it is called."""
    if not path.is_file() or read_head(path, 1) != _FIRST_BYTE:
        return False
    try:
        model = read_message(map_file(path))
        return model.has(_GRAPH) and model.has(_OPSETS) and model.first(_GRAPH).has(_NODES)
    except Unreadable:
        return False


def read_onnx(path: Path, given: str = "") -> OnnxModel:
    """Read a model.

    Args:
        path: the file.
        given: what the user said that it takes (`--inputs`), for the sizes that it leaves open.

    Raises:
        Unreadable: it is damaged.
        UsageProblem: the weights beside it are not there or cut short; what was said does not fit.
    """
    if path.stat().st_size > _LARGEST:
        raise UsageProblem(
            f"{path} has more than 2 GiB, which nothing that converts ONNX reads in one file; save it with the weights "
            "beside it: onnx.save(model, FILE, save_as_external_data=True)."
        )
    try:
        model = read_message(map_file(path))
        graph = model.first(_GRAPH)
        parts = (graph, *model.messages(_FUNCTIONS))
        opsets = {each.text(1): each.number(2) for each in model.messages(_OPSETS)}
        weights = {each.text(_NAME) for each in graph.messages(_INITIALIZERS)}
        inputs = tuple(_input(each) for each in graph.messages(_INPUTS) if each.text(1) not in weights)
        # A function's own nodes are listed: calls of it are no operators.
        functions = {_typed(each.text(10), each.text(1)) for each in model.messages(_FUNCTIONS)}
        operators = {name for part in parts for name in _operators(part, 1 if part is graph else 7, 0)}
        stored = (each for part in parts for each in _stored(part, 0, is_function=part is not graph))
        external = dict(_external(path, stored))
        require_whole(model, graph, list(model.messages(_FUNCTIONS)), _subgraphs)
    except Unreadable as error:
        raise Unreadable(f"{path} is damaged: {error}") from None
    if not operators:
        raise Unreadable(f"{path} is damaged: its graph has no operator")
    opset = opset_of(opsets.items())
    if not opset and any("." not in name for name in operators):
        raise Unreadable(f"{path} is damaged: it does not say of which version its operators are")
    _require(external)
    operators -= functions
    return OnnxModel(
        opset=opset,
        inputs=_sized(path, inputs, given),
        operators=frozenset(operators),
        foreign=without_schema((name for name in operators if "." not in name), opset)
        | {name for name in operators if "." in name and not name.startswith(RUNTIME_DOMAINS)},
        external=external,
    )


def _input(value: Message) -> InputSpec:
    tensor = value.first(2).first(1)
    kind = _TYPES.get(tensor.number(1), f"type {tensor.number(1)}")
    if not tensor.has(2):
        return InputSpec(value.text(1), None, kind)
    sizes = [dim.signed(1) if dim.has(1) else None for dim in tensor.first(2).messages(1)]
    shape = tuple(None if size is None or size < 1 else size for size in sizes)
    return InputSpec(value.text(1), (None, *shape[1:]) if shape[:1] == (1,) else shape, kind)


def _sized(path: Path, inputs: tuple[InputSpec, ...], given: str) -> tuple[InputSpec, ...]:
    if not given:
        return inputs
    said = parse_inputs(given)
    if len(said) != len(inputs):
        wanted = ", ".join(spec.describe() for spec in inputs)
        raise UsageProblem(
            f"--inputs describes {plural(len(said), 'input')}, and {path.name} takes {len(inputs)}: {wanted}."
        )
    for spec, one in zip(inputs, said, strict=True):
        shape = one.shape or ()
        fits = spec.shape is None or (
            len(shape) == len(spec.shape)
            and all(mine in {None, size} for mine, size in zip(spec.shape[1:], shape[1:], strict=True))
        )
        if not fits:
            sizes = "x".join("N" if size is None else str(size) for size in shape)
            raise UsageProblem(f"--inputs: {sizes} does not fit the input {spec.describe()} of {path.name}.")
    return tuple(
        dataclasses.replace(spec, shape=(None, *(one.shape or ())[1:])) for spec, one in zip(inputs, said, strict=True)
    )


def _operators(graph: Message, field: int, depth: int) -> Iterator[str]:
    _require_shallow(depth)
    for node in graph.messages(field):
        yield _typed(node.text(_DOMAIN), node.text(_OP_TYPE))
        for inner in _subgraphs(node):
            yield from _operators(inner, _NODES, depth + 1)


def _subgraphs(node: Message) -> Iterator[Message]:
    for attribute in node.messages(_ATTRIBUTES):
        if attribute.has(_ATTRIBUTE_GRAPH):
            yield attribute.first(_ATTRIBUTE_GRAPH)
        yield from attribute.messages(_ATTRIBUTE_GRAPHS)


def _stored(part: Message, depth: int, *, is_function: bool = False) -> Iterator[Message]:
    """The tensors that a graph or a function stores, in whatever it does so."""
    _require_shallow(depth)
    attributes = list(part.messages(11)) if is_function else []
    sparse = [] if is_function else list(part.messages(_SPARSE))
    if not is_function:
        yield from part.messages(_INITIALIZERS)
    for node in part.messages(7 if is_function else _NODES):
        attributes += node.messages(_ATTRIBUTES)
        for inner in _subgraphs(node):
            yield from _stored(inner, depth + 1)
    for attribute in attributes:
        yield from (each for field in _ATTRIBUTE_TENSORS for each in attribute.messages(field))
        sparse += (each for field in _ATTRIBUTE_SPARSE for each in attribute.messages(field))
    yield from (each for both in sparse for field in _SPARSE_TENSORS for each in both.messages(field))


def _require_shallow(depth: int) -> None:
    if depth > _DEEPEST:
        raise Unreadable(f"graphs lie in each other more than {_DEEPEST} deep")


def _typed(domain: str, name: str) -> str:
    return name if domain in DEFAULT_DOMAINS else f"{domain}.{name}"


def _external(path: Path, tensors: Iterator[Message]) -> Iterator[tuple[Path, int]]:
    """The files beside the model, and the bytes that each must have at least."""
    found: dict[str, int] = {}
    for tensor in tensors:
        size = needed_bytes(tensor)
        entries = {each.text(1): each.text(2) for each in tensor.messages(_EXTERNAL)}
        if "location" not in entries:
            continue
        numbers = [entries.get("offset", "0"), entries.get("length", str(size))]
        if not all(number.isdecimal() for number in numbers):
            raise Unreadable("a place in another file is no number")
        if size and int(numbers[1]) not in {0, size}:  # no length: all that the tensor needs
            raise Unreadable(f"{numbers[1]} bytes of another file are a tensor of {size} bytes")
        location = entries["location"].replace("\\", "/")
        if not location or PurePosixPath(location).is_absolute() or ".." in location.split("/") or ":" in location:
            raise Unreadable(f"its weights lie outside its folder, in {location!r}")
        found[location] = max(found.get(location, 0), int(numbers[0]) + (int(numbers[1]) or size))
    if len(found) > _MOST_FILES:
        raise Unreadable(f"its weights lie in {len(found)} files")
    yield from ((path.parent / location, size) for location, size in found.items())


def _require(external: Mapping[Path, int]) -> None:
    missing = [file for file in external if not file.is_file()]
    if missing:
        names = few([file.name for file in missing], _SHOWN)
        raise UsageProblem(f"the weights are in {names}, which is not beside the model; bring it there.")
    for file, size in external.items():
        if file.stat().st_size < size:
            raise UsageProblem(
                f"{file} is cut short: the model's weights need {size} bytes of it, and it has {file.stat().st_size}; "
                "get a whole copy of it."
            )
