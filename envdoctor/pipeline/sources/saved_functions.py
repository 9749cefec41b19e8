"""The graph and the functions of a SavedModel: whether each operator has what it takes, told from its messages.

A SavedModel brings the definitions of the operators in its graph, and of most in its functions; each operator is held
against its own.
Fields: tensorflow/core/framework/graph.proto, node_def.proto, function.proto, op_def.proto, attr_value.proto.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from envdoctor.support.protobuf import Message

_NEWEST_TYPE, _REFERENCES = 50, 200  # 32 types in 2026, and as many from 101 on
_DEVICE = re.compile(r"(?:/(?:(?:job|replica|task):[\w*-]+|(?:device:)?\w+:[\d*]+))*")
#: A tensor, by what gives it, in a function with the output's name; or what must run before.
_TENSOR = re.compile(r"\^?[^:]*|[^:]*(?::[^:]+)?:\d+")
#: The field of an AttrValue that holds a value of each kind; a placeholder stands for any.
_FIELDS = {"string": 2, "int": 3, "float": 4, "bool": 5, "type": 6, "shape": 7, "tensor": 8, "func": 10}
_LIST, _PLACEHOLDER = 1, 9


def require_graph(graph: Message) -> None:
    """Refuse a MetaGraphDef whose graph or functions TensorFlow can't put together.

    Raises:
        Unreadable: an operator lacks what it needs, or something is said twice and otherwise.
    """
    functions = list(graph.first(2).first(2).messages(1))
    names = [each.first(1).text(1) for each in functions]
    _require_once("it", "which functions it has", names, names)
    declared = {each.text(1): each for each in graph.first(1).first(2).messages(1)}
    nodes = list(graph.first(2).messages(1))
    defined = [node.text(1) for node in nodes]
    _require_once("its graph", "what it computes", defined, defined)
    _require_used("its graph", (taken for node in nodes for taken in node.texts(3)), frozenset(defined))
    for node in nodes:
        _require_node(node, declared)
        if declared and node.text(2) not in {*declared, *names}:
            raise Unreadable(f"the operator {node.text(1)} is a {node.text(2)}, which it does not define")
    require_bodies(functions, declared)


def require_bodies(functions: Iterable[Message], declared: Mapping[str, Message]) -> None:
    """Refuse a function that uses what nothing in it gives, or that says one thing twice and otherwise.

    Args:
        functions: the library.
        declared: the definitions of operators that the model brings, by name.

    Raises:
        Unreadable: there is one, or an operator has other inputs and attributes than its definition.
    """
    for function in functions:
        signature, nodes = function.first(1), list(function.messages(3))
        name, defined = f"its function {signature.text(1)}", [node.text(1) for node in nodes]
        defined += [each.text(1) for each in signature.messages(2)]
        given = [entry.text(2) for field in (4, 6) for entry in function.messages(field)]
        _require_used(name, (*given, *(used for node in nodes for used in node.texts(3))), frozenset(defined))
        _require_once(name, "what it computes", defined, defined)
        outputs = [each.text(1) for each in signature.messages(3)]
        _require_once(name, "what it gives", outputs, [one.text(1) for one in function.messages(4)])
        last, kept = signature.texts(20), {one.text(1): one.text(2) for one in function.messages(6)}
        _require_once(name, "what must run", list(kept.values()), list(kept.values()))
        _require_once(name, "what it runs last", last, [one for one in last if one in kept])
        for argument in signature.messages(2):
            if not (argument.has(4) or argument.has(6) or _is_type(argument.number(3))):
                raise Unreadable(f"{name} takes {argument.text(1)} of no type")
        for node in nodes:
            _require_node(node, declared)
        _require_outputs(name, function, nodes, declared)


def _require_used(who: str, used: Iterable[str], defined: Container[str]) -> None:
    for each in used:
        if each.removeprefix("^").partition(":")[0] not in defined or not _TENSOR.fullmatch(each):
            raise Unreadable(f"{who} uses {each!r}, which nothing gives")


def _require_once(who: str, what: str, said: Sequence[str], meant: Sequence[str]) -> None:
    """Names that are told in two places must be the same, and each told once."""
    if len(said) != len(set(said)) or set(said) != set(meant):
        odd = sorted({*set(said) ^ set(meant), *(name for name in said if said.count(name) > 1)})
        raise Unreadable(f"{who} does not tell once {what}: {', '.join(odd[:3])}")


def _require_outputs(name: str, function: Message, nodes: Sequence[Message], declared: Mapping[str, Message]) -> None:
    """What is taken from an operator (`node:output:0`) must be an output of its kind."""
    kinds = {node.text(1): declared.get(node.text(2)) for node in nodes}
    taken = (*(one.text(2) for one in function.messages(4)), *(used for node in nodes for used in node.texts(3)))
    for used in taken:
        node, _, output = used.partition(":")
        kind = kinds.get(node)
        if kind is not None and output and output.partition(":")[0] not in {out.text(1) for out in kind.messages(3)}:
            raise Unreadable(f"{name} uses {used!r}, which is no output of {kind.text(1)}")


def _require_node(node: Message, declared: Mapping[str, Message]) -> None:
    inputs, attributes = node.texts(3), {entry.text(1): entry.first(2) for entry in node.messages(5)}
    if not node.text(2) or not _DEVICE.fullmatch(node.text(4)):
        raise Unreadable(f"the operator {node.text(1)} has no kind, or is to run on {node.text(4)!r}")
    if sorted(inputs, key=_is_control) != list(inputs):
        raise Unreadable(f"the operator {node.text(1)} waits for others before it takes its inputs")
    if any(not len(entry.raw(2)) for entry in node.messages(5)):
        raise Unreadable(f"the operator {node.text(1)} has an attribute without a value")
    if any(each.has(6) and not _is_type(each.number(6)) for each in attributes.values()):
        raise Unreadable(f"the operator {node.text(1)} has an element type that does not exist")
    if node.text(2) in declared:
        _require_declared(node, attributes, declared[node.text(2)])


def _require_declared(node: Message, attributes: Mapping[str, Message], kind: Message) -> None:
    """Holds an operator against the definition of its kind."""
    wanted = {each.text(1): each for each in kind.messages(4)}
    lost = {name for name, each in wanted.items() if name not in attributes and not each.has(3)}
    odd = {name for name in attributes if name not in wanted and not name.startswith("_")}
    for name in attributes.keys() & wanted.keys():
        field = _FIELDS.get(wanted[name].text(2), _LIST)
        odd |= set() if attributes[name].has(field) or attributes[name].has(_PLACEHOLDER) else {name}
    if lost or odd:
        raise Unreadable(f"the operator {node.text(1)} has other attributes than a {kind.text(1)}: {min(lost | odd)}")
    taken, count = sum(not _is_control(name) for name in node.texts(3)), _count(kind.messages(2), attributes)
    if count != taken:
        raise Unreadable(f"the operator {node.text(1)} takes {taken} inputs, a {kind.text(1)} {count}")
    shapes = attributes.get("_output_shapes")
    if shapes is not None and len(shapes.first(1).parts(7)) != _count(kind.messages(3), attributes):
        raise Unreadable(f"the operator {node.text(1)} has shapes of other outputs than a {kind.text(1)} gives")


def _count(arguments: Iterable[Message], attributes: Mapping[str, Message]) -> int:
    """How many tensors an operator takes or gives: some arguments stand for several, as an attribute says."""
    count = 0
    for argument in arguments:
        times, types = (attributes.get(argument.text(field)) for field in (5, 6))
        count += times.signed(3) if times else len(list(types.first(1).numbers(6))) if types else 1
    return count


def _is_type(number: int) -> bool:
    """A DataType, or the same of a reference."""
    return 0 < number % 100 <= _NEWEST_TYPE and number < _REFERENCES


def _is_control(name: str) -> bool:
    return name.startswith("^")
