"""The objects and functions of a SavedModel: whether TensorFlow can put them together, told from its messages.

Fields: tensorflow/core/protobuf/saved_object_graph.proto, struct.proto; core/framework/function.proto, op_def.proto.
What refuses them: tensorflow/python/saved_model/load.py, function_deserialization.py, nested_structure_coder.py.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from envdoctor.support.protobuf import Message

#: What an object is: a user's, an asset, a function, a variable ...; or a name under which its class is registered.
_KINDS = (4, 5, 6, 7, 8, 9, 10, 12, 13, 14)
_USER, _ASSET, _FUNCTION, _VARIABLE, _BARE_FUNCTION, _CONSTANT = 4, 5, 6, 7, 8, 9
#: What it refers to by number.
_CHILDREN, _SLOTS, _DEPENDENCIES = 1, 3, 15
#: What a StructuredValue may hold; of these a specification of a tensor, and of anything else.
_VALUES = (1, 11, 12, 13, 14, 31, 32, 33, 34, 35, 51, 52, 53, 54, 55, 56)
_SPEC, _OTHER_SPEC, _BOUNDED_SPEC = 33, 34, 35
_TEXT, _LIST, _TUPLE, _DICT, _NAMED_TUPLE = 13, 51, 52, 53, 54
_ARGUMENT_PARTS = {"args", "varargs", "varkw", "defaults", "kwonlyargs", "kwonlydefaults", "annotations"}
_DEEPEST = 100
#: What a function may capture: an asset, a variable, a constant, a resource, a tensor; a class of somebody's own.
_CAPTURED = (5, 7, 9, 10, 12, 13)
_ARGUMENTS_AND_KEYWORDS = 2


def require_objects(objects: Message, functions: Iterable[Message]) -> None:
    """Refuse an object graph that TensorFlow can't load.

    Raises:
        Unreadable: an object, a specification of a function, or a function lacks what it needs.
    """
    arguments = {one.first(1).text(1): [each.number(3) for each in one.first(1).messages(2)] for one in functions}
    concrete = {entry.text(1): entry.first(2) for entry in objects.messages(2)}
    nodes = list(objects.messages(1))
    for number, node in enumerate(nodes):
        _require_object(number, node, concrete)
    for name, function in concrete.items():
        if not all(place < len(nodes) and _has_value(nodes[place]) for place in function.numbers(2)):
            raise Unreadable(f"the function {name!r} captures what is no variable, constant or resource")
        _require_signature(name, function, arguments.get(name))


def _require_object(number: int, node: Message, concrete: Container[str]) -> None:
    if not any(node.has(kind) for kind in _KINDS):
        raise Unreadable(f"its object {number} is of no kind")
    if node.has(_USER) and not node.first(_USER).first(2).number(1):
        raise Unreadable(f"its object {number} has no version")
    names = (*node.first(_FUNCTION).texts(1), *node.first(_BARE_FUNCTION).texts(1))
    lost = next((name for name in names if name not in concrete), None)
    if lost is not None:
        raise Unreadable(f"its object {number} is the function {lost!r}, which is not there")
    if node.has(_FUNCTION):
        _require_specification(node.first(_FUNCTION).first(2))
    if not all(node.first(_BARE_FUNCTION).texts(2)):
        raise Unreadable(f"its object {number} is a function that takes an argument without a name")
    if node.first(_BARE_FUNCTION).has(4):
        _require_specification(node.first(_BARE_FUNCTION).first(4))


def require_references(graph: Message) -> None:
    """Refuse a MetaGraphDef with an object that refers to another, an asset or a constant that is not there.

    Raises:
        Unreadable: there is one.
    """
    nodes = list(graph.first(7).messages(1))
    assets, operators = len(list(graph.messages(6))), {node.text(1) for node in graph.first(2).messages(1)}
    for each in graph.messages(4):
        if "variables" in each.text(1):  # each a VariableDef: its name, and what gives it its value and reads it
            _require_defined(each.first(2).first(2).messages(1), operators)
    for number, node in enumerate(nodes):
        others = [each.number(1) for field in (_CHILDREN, _DEPENDENCIES) for each in node.messages(field)]
        others += [each.number(field) for each in node.messages(_SLOTS) for field in (1, 3)]
        if max(others, default=0) >= len(nodes):
            raise Unreadable(f"its object {number} holds the object {max(others)} of {len(nodes)}")
        if node.has(_ASSET) and node.first(_ASSET).number(1) >= assets:
            raise Unreadable(f"its object {number} is an asset that is not there")
        if node.has(_CONSTANT) and node.first(_CONSTANT).text(1) not in operators:
            raise Unreadable(f"its object {number} is a constant that is not in its graph")


def _require_defined(variables: Iterable[Message], operators: Container[str]) -> None:
    for variable in variables:
        for tensor in filter(None, (variable.text(field) for field in (1, 2, 3, 6))):
            if tensor.partition(":")[0] not in operators:
                raise Unreadable(f"a variable of its graph uses {tensor!r}, which nothing gives")


def _has_value(node: Message) -> bool:
    return any(node.has(kind) for kind in _CAPTURED)


def require_variables(objects: Message, stored: Iterable[tuple[int, tuple[int, ...]]]) -> None:
    """Refuse an object graph with a variable that the checkpoint has in no tensor of its type and shape.

    Args:
        objects: the object graph.
        stored: the element types and shapes of the checkpoint's tensors.

    Raises:
        Unreadable: there is such a variable.
    """
    variables = [node.first(_VARIABLE) for node in objects.messages(1) if node.has(_VARIABLE)]
    if any(each.has(8) or each.first(2).number(3) for each in variables):  # in parts on several devices; of any rank
        return
    wanted = Counter((each.number(1), sizes_of(each.first(2))) for each in variables)
    lost = [shape for (_, shape) in wanted - Counter(stored) if min(shape, default=0) >= 0]
    if lost:
        raise Unreadable(f"it has a variable of the shape {list(lost[0])}, which is not in the checkpoint")


def sizes_of(shape: Message) -> tuple[int, ...]:
    """The sizes of a TensorShapeProto."""
    return tuple(size.signed(1) for size in shape.messages(2))


def _require_specification(specification: Message) -> None:
    """A FunctionSpec: the arguments that the Python function had, and what is known of them."""
    for field in (1, 5):
        list(_leaves(specification.first(field)))
    pairs = list(specification.first(1).first(_NAMED_TUPLE).messages(2))
    named = {pair.text(1): pair.first(2) for pair in pairs}
    if not named.keys() >= _ARGUMENT_PARTS or len(named) < len(pairs):
        raise Unreadable("a function does not say which arguments it has")
    known, taken = list(named["args"].first(_LIST).messages(1)), specification.first(5).first(_TUPLE)
    if not all(each.text(_TEXT) for each in (*known, *named["kwonlyargs"].first(_LIST).messages(1))):
        raise Unreadable("a function has an argument without a name")
    if named["varargs"].has(1) and len(list(taken.messages(1))) > len(known):
        raise Unreadable("a function says more of its arguments than it has")


def _require_signature(name: str, function: Message, arguments: list[int] | None) -> None:
    """A SavedConcreteFunction against the arguments of the function in the library, those that it captured last."""
    list(_leaves(function.first(4)))
    inputs = function.first(3)
    leaves = list(_leaves(inputs))
    parts = list(inputs.first(_TUPLE).messages(1))
    if len(parts) != _ARGUMENTS_AND_KEYWORDS:
        raise Unreadable(f"the function {name!r} has no arguments and keywords")
    if arguments is None:
        raise Unreadable(f"the function {name!r} is not there")
    if any(leaf.has(_OTHER_SPEC) for leaf in leaves):
        return
    kinds = [leaf.first(field).number(3) for leaf in leaves for field in (_SPEC, _BOUNDED_SPEC) if leaf.has(field)]
    captured = len(list(function.numbers(2)))
    if len(kinds) + captured != len(arguments) or kinds != arguments[: len(kinds)]:
        raise Unreadable(f"the function {name!r} takes other arguments than its signature says")


def _leaves(value: Message, depth: int = 0) -> Iterator[Message]:
    """The values in a StructuredValue, in TensorFlow's order; those of a dictionary by their keys."""
    if depth > _DEEPEST or not any(value.has(field) for field in _VALUES):
        raise Unreadable("a function's description has a value of no known kind")
    if value.has(_NAMED_TUPLE) and not value.first(_NAMED_TUPLE).text(1).isidentifier():
        raise Unreadable("a function's description has a class without a name")
    inner: list[Message] = [*value.first(_LIST).messages(1), *value.first(_TUPLE).messages(1)]
    entries = sorted(value.first(_DICT).messages(1), key=lambda entry: entry.text(1))
    inner += [entry.first(2) for entry in (*entries, *value.first(_NAMED_TUPLE).messages(2))]
    if any(value.has(field) for field in (_LIST, _TUPLE, _DICT, _NAMED_TUPLE)):
        for each in inner:
            yield from _leaves(each, depth + 1)
    else:
        yield value
