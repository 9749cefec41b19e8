"""What an operator of ONNX' own may look like: its inputs, outputs and attributes, by the opset of a model.

The table is data/onnx-schemas.toml. ONNX Runtime refuses a model with an operator that looks otherwise.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.support.protobuf import Message

_GONE, _INTERNAL, _BODY = "-", "__", "body"
_INPUT, _OUTPUT, _KIND, _ATTRIBUTE = 1, 2, 4, 5
_NAME, _TYPE = 1, 20


class Schema(NamedTuple):
    """How many inputs and outputs an operator has, at least and at most, and the types of its attributes."""

    inputs: tuple[int, float]
    outputs: tuple[int, float]
    attributes: dict[str, int]
    required: frozenset[str]


def without_schema(operators: Iterable[str], opset: int) -> frozenset[str]:
    """Those of some operators of ONNX' own domain that no runtime has in an opset: misspelt, later, or a plug-in's."""
    table = load_table("onnx-schemas")
    if opset > table["newest"]:
        return frozenset()
    return frozenset(name for name in operators if name not in table["others"] and schema_of(name, opset) is None)


def require_schema(node: Message, opset: int) -> None:
    """Refuse an operator of ONNX' own domain that does not look as its opset says; of one without a schema all is fine.

    Raises:
        Unreadable: it does not.
    """
    name, table = node.text(_KIND), load_table("onnx-schemas")
    schema = None if opset > table["newest"] or name in table["others"] else schema_of(name, opset)
    if schema is None:
        return
    for what, field, (least, most) in (("inputs", _INPUT, schema.inputs), ("outputs", _OUTPUT, schema.outputs)):
        count = len(list(node.texts(field)))
        if not least <= count <= most:
            raise Unreadable(f"an operator {name} has {count} {what}, which opset {opset} does not allow")
    needed = list(node.texts(_INPUT))[: schema.inputs[0]]
    if "" in needed and _BODY not in schema.required:  # Loop and Scan have optional inputs before others
        raise Unreadable(f"an operator {name} lacks its input {needed.index('')}")
    given = {each.text(_NAME): each.number(_TYPE) for each in node.messages(_ATTRIBUTE)}
    for attribute, kind in given.items():
        known = schema.attributes.get(attribute)
        if known not in {kind, kind or known} and not attribute.startswith(_INTERNAL):
            said = "that opset {} does not have" if known is None else "of another type than opset {} says"
            raise Unreadable(f"an operator {name} has an attribute {attribute!r} {said.format(opset)}")
    if lost := schema.required - given.keys():
        raise Unreadable(f"an operator {name} lacks its attribute {min(lost)!r}")


@cache
def schema_of(name: str, opset: int) -> Schema | None:
    """What an operator looks like in an opset; None where that has none of the name."""
    rows = (row.split(" ") for row in load_table("onnx-schemas")["operators"].get(name, ()))
    found = [words for since, *words in rows if int(since) <= opset]
    if not found or found[-1] == [_GONE]:
        return None
    inputs, outputs, *attributes = found[-1]
    pairs = [word.rstrip("!").split(":") for word in attributes]
    required = frozenset(word.partition(":")[0] for word in attributes if word.endswith("!"))
    return Schema(_range(inputs), _range(outputs), {key: int(kind) for key, kind in pairs}, required)


def _range(text: str) -> tuple[int, float]:
    least, most = text.split("-")
    return int(least), float(most or "inf")
