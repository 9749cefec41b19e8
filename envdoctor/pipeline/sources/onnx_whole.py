"""Whether an ONNX model is whole: what onnx.checker and ONNX Runtime refuse for what it lost, told from its bytes.

Field numbers: onnx/onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto, FunctionProto).
"""

from __future__ import annotations

import math
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.onnx_schemas import require_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from envdoctor.support.protobuf import Message

    Subgraphs: TypeAlias = Callable[[Message], Iterator[Message]]

_NEWEST_IR, _NEWEST_OPSET = 20, 100  # 13 and 26 in 2026; what is beyond is no number of a version
#: Those of ONNX' own operators; others count their versions as they like.
DEFAULT_DOMAINS = frozenset({"", "ai.onnx"})
#: How the names of domains begin that ONNX Runtime has operators of.
RUNTIME_DOMAINS = ("ai.onnx", "com.microsoft", "com.ms.", "org.pytorch.")
_LARGEST = 1 << 48
#: Bits of an element, by TensorProto.DataType; texts have none.
_BITS = {
    **dict.fromkeys((25, 26), 2), **dict.fromkeys((21, 22, 23), 4), **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16), **dict.fromkeys((1, 6, 12), 32), **dict.fromkeys((7, 11, 13, 14), 64), 15: 128,
}  # fmt: skip
_ELEMENTS = _BITS.keys() | {8}
#: Of a graph: inputs, outputs and what it says of others.
_VALUES = (11, 12, 13)
_RAW, _EXTERNAL, _LOCATION = 9, 13, 14
_TEXT, _TEXTS = 8, 6
#: Where values stand one by one that are not in int32_data, by their type, and the bytes of those that have no varints.
_INT32, _LISTS = 5, {1: 4, 14: 4, 7: 7, 11: 10, 15: 10, 12: 11, 13: 11}
_WIDTHS = {4: 4, 10: 8}
_COMPLEX = frozenset({14, 15})
#: The field of an attribute's value, by its type.
_HELD = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 11, 11: 22, 12: 23, 13: 14, 14: 15}
_GRAPH_NODES, _FUNCTION_NODES = 1, 7
#: What the fields of a message are that are messages themselves, by their numbers.
_NESTED: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 8: "Entry", 14: "Entry", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse", 16: "Entry", **dict.fromkeys((11, 12, 13), "Value")},
    "Function": {7: "Node", 9: "Entry", 11: "Attribute", 12: "Value", 14: "Entry"},
    "Node": {5: "Attribute", 9: "Entry"},
    "Attribute": {**dict.fromkeys((5, 10), "Tensor"), **dict.fromkeys((6, 11), "Graph"), 14: "Type", 15: "Type"},
    "Tensor": {3: "Entry", 13: "Entry", 16: "Entry"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Value": {2: "Type", 4: "Entry"},
    "Type": {1: "Shaped", 4: "Holder", 5: "Holder", 8: "Shaped", 9: "Holder"},
    "Shaped": {2: "Shape"},
    "Shape": {1: "Entry"},
    "Holder": {1: "Type", 2: "Type"},  # of a list, a map or what may be absent; the key of a map is a number
    "Entry": {},
}
_TYPE, _DEEPEST, _FIRST_WITH_TYPES = 20, 100, 2


def require_whole(model: Message, graph: Message, functions: Sequence[Message], subgraphs: Subgraphs) -> None:
    """Refuse a model that uses what is not there.

    Args:
        model: it.
        graph: its graph.
        functions: its own functions.
        subgraphs: gives the graphs in a node.

    Raises:
        Unreadable: it does, or its versions are none.
    """
    _require_parsed(model)
    opsets = _opsets(model.messages(8))
    if not 0 < model.signed(1) <= _NEWEST_IR or any(
        version < 1 or (version > _NEWEST_OPSET and domain in DEFAULT_DOMAINS) for domain, version in opsets
    ):
        raise Unreadable("it is of versions that ONNX does not have")
    own = frozenset(function.text(1) for function in functions)
    _Parts(subgraphs, opset_of(opsets), own).require_graph(graph, ())
    for function in functions:
        parts = _Parts(subgraphs, opset_of(_opsets(function.messages(9))), own)
        parts.require_nodes(function.messages(_FUNCTION_NODES), ({"", *function.texts(4)},))


def opset_of(opsets: Iterable[tuple[str, int]]) -> int:
    """The version of ONNX' own operators among those of all domains; 0 if it is not told."""
    return max((version for domain, version in opsets if domain in DEFAULT_DOMAINS), default=0)


def _opsets(entries: Iterable[Message]) -> list[tuple[str, int]]:
    return [(each.text(1), each.signed(2)) for each in entries]


def _require_parsed(model: Message) -> None:
    """Refuse a model of which no decoder makes a message, or with an attribute that is none, or stands twice."""
    with_types = model.signed(1) >= _FIRST_WITH_TYPES
    imports = (*model.messages(8), *(each for function in model.messages(25) for each in function.messages(9)))
    domains = {*DEFAULT_DOMAINS, *(each.text(1) for each in imports)}
    stack = [(model, "Model", 0)]
    while stack:
        message, kind, depth = stack.pop()
        if depth > _DEEPEST:
            raise Unreadable(f"its parts lie in each other more than {_DEEPEST} deep")
        if kind == "Attribute":
            _require_attribute(message, with_types=with_types)
        elif kind == "Node":
            names = [each.text(1) for each in message.messages(5)]
            if len(set(names)) < len(names):
                raise Unreadable(f"an attribute of an operator {message.text(4)} is there twice")
            if message.text(7) not in domains and message.text(7).startswith(RUNTIME_DOMAINS):
                raise Unreadable(f"it does not say of which version {message.text(7)}'s {message.text(4)} is")
        for number, inner in _NESTED[kind].items():
            stack += [(each, inner, depth + 1) for each in message.messages(number)]


def _require_attribute(attribute: Message, *, with_types: bool) -> None:
    name, kind = attribute.text(1), attribute.number(_TYPE)
    if not (name and (kind or not with_types)):
        raise Unreadable(f"the attribute {name!r} has no type or no name")
    there = {field for field in _HELD.values() if attribute.has(field)}
    if there and _HELD.get(kind) not in {None, *there}:
        raise Unreadable(f"the attribute {name!r} has no value of its type")


def _listed(count: int, kind: int) -> int:
    """How many numbers the values of a tensor take: two for a complex one, one for as many as fit into a byte."""
    return count * 2 if kind in _COMPLEX else -(-count * min(_BITS[kind], 8) // 8)


def needed_bytes(tensor: Message) -> int:
    """The bytes that a stored tensor's values take; none where that is not told by its shape.

    Raises:
        Unreadable: its values are not there, or others than its shape says.
    """
    sizes, kind, name = list(tensor.numbers(1)), tensor.number(2), tensor.text(8)
    if kind != _TEXT and kind not in _BITS:
        raise Unreadable(f"the stored tensor {name!r} is of no type: {kind}")
    count = math.prod(sizes)
    size = (count * _BITS.get(kind, 0) + 7) // 8
    if max(sizes, default=0) > _LARGEST or size > _LARGEST:
        raise Unreadable(f"the stored tensor {name!r} has no size")
    if tensor.number(_LOCATION):
        return size
    if tensor.has(_RAW):
        unit, found, needed = "bytes", len(tensor.raw(_RAW)), size
    elif kind == _TEXT:
        unit, found, needed = "texts", len(tensor.parts(_TEXTS)), count
    else:
        unit, field = "values", _LISTS.get(kind, _INT32)
        found, needed = tensor.count(field, _WIDTHS.get(field, 0)), _listed(count, kind)
    if found != needed:
        raise Unreadable(f"the stored tensor {name!r} has {found or 'no'} {unit}, where {needed} are needed")
    return size


class _Parts(NamedTuple):
    """The graphs of one model or function: how the graphs in a node are found, the opset, names of own functions."""

    subgraphs: Subgraphs
    opset: int
    functions: frozenset[str]

    def require_graph(self, graph: Message, outside: tuple[set[str], ...]) -> None:
        inputs = [each.text(1) for each in graph.messages(11)]
        if "" in inputs or len(set(inputs)) < len(inputs):
            raise Unreadable("two inputs have the same name, or one has none")
        for each in graph.messages(11):
            if not outside and not any(each.first(2).has(kind) for kind in _NESTED["Type"]):
                raise Unreadable(f"its input {each.text(1)!r} has no type")
        for each in (value for field in _VALUES for value in graph.messages(field)):
            tensor = each.first(2).first(1)
            if each.first(2).has(1) and tensor.number(1) not in _ELEMENTS:
                raise Unreadable(f"the elements of {each.text(1)!r} are of no type: {tensor.number(1)}")
        stored = {each.text(8) for each in graph.messages(5)} | {each.first(1).text(8) for each in graph.messages(15)}
        known = {"", *inputs, *stored}
        self.require_nodes(graph.messages(_GRAPH_NODES), (*outside, known))
        for output in graph.messages(12):
            name = output.text(1)
            if not name or not any(name in names for names in (*outside, known)):
                raise Unreadable(f"nothing computes its output {name!r}")

    def require_nodes(self, nodes: Iterable[Message], scopes: tuple[set[str], ...]) -> None:
        """Refuse operators that lack something. Their order is free: ONNX Runtime reads all, and sorts."""
        nodes, makers = list(nodes), dict[str, int]()
        for number, node in enumerate(nodes):
            outputs = dict.fromkeys((name for name in node.texts(2) if name), number)
            if not node.text(4) or not outputs or not makers.keys().isdisjoint(outputs):
                raise Unreadable(f"an operator {node.text(4)!r} gives nothing, or what another gives")
            makers.update(outputs)
            if self.opset and node.text(7) in DEFAULT_DOMAINS and node.text(4) not in self.functions:
                require_schema(node, self.opset)
        scopes[-1].update(makers)
        order: TopologicalSorter[int] = TopologicalSorter()
        for number, node in enumerate(nodes):
            lost = next((name for name in node.texts(1) if not any(name in names for names in scopes)), None)
            if lost is not None:
                raise Unreadable(f"{lost!r} is used by {node.text(4)}, and nothing gives it")
            order.add(number, *(makers[name] for name in node.texts(1) if name in makers))
            for inner in self.subgraphs(node):
                self.require_graph(inner, scopes)
        _require_order(order, nodes)


def _require_order(order: TopologicalSorter[int], nodes: Sequence[Message]) -> None:
    try:
        order.prepare()
    except CycleError as error:
        kinds = " and ".join(dict.fromkeys(nodes[number].text(4) for number in error.args[1]))
        raise Unreadable(f"the operators {kinds} wait for each other") from None
