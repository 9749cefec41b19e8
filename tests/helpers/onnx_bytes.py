"""ONNX files made by hand, byte for byte (onnx/onnx.proto)."""

from __future__ import annotations

from envdoctor.pipeline.sources.onnx_schemas import schema_of
from envdoctor.support.protobuf import read_message

#: A weight of each model, for the inputs that a test says nothing of.
STORED = "stored"


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def nested(field, *parts):
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def value(name, *sizes, kind=1):
    """An input; a size that is a text is open."""
    dims = [nested(1, number(1, size) if isinstance(size, int) else nested(2, size)) for size in sizes]
    return nested(11, nested(1, name), nested(2, nested(1, number(1, kind), nested(2, *dims))))


def node(kind, domain="", *attributes, takes=None, gives=None):
    """An operator; if nothing else is said, what it must have is there, and what it gives is called as it is."""
    schema = schema_of(kind, 17) if domain in {"", "ai.onnx"} else None
    if takes is None:
        takes = (STORED,) * (schema.inputs[0] if schema else 0)
    given = {read_message(memoryview(one)).first(5).text(1) for one in attributes}
    lacking = sorted(schema.required - given) if schema else []
    attributes = (*attributes, *(nested(5, nested(1, name), number(20, schema.attributes[name])) for name in lacking))
    inputs = [nested(1, name) for name in takes]
    domains = [nested(7, domain)] if domain else []
    more = range(1, schema.outputs[0] if schema else 0)
    outputs = [nested(2, gives or kind), *(nested(2, f"{kind}{place}") for place in more)]
    return nested(1, *inputs, *outputs, nested(4, kind), *attributes, *domains)


def subgraph(*nodes, name="then_branch"):
    """An attribute that holds a graph."""
    return nested(5, nested(1, name), nested(6, *nodes), number(20, 5))


def weight(name, location=None, offset=0, length=8):
    entries = {"location": location, "offset": str(offset), "length": str(length)} if location is not None else {}
    stored = [nested(13, nested(1, key), nested(2, text)) for key, text in entries.items()]
    values = number(14, 1) if stored else nested(9, bytes(8))
    return nested(5, number(1, 2), number(2, 1), nested(8, name), *stored, values)


def model(*parts, opset=17):
    """A model with these nodes, weights and inputs, and a weight STORED."""
    others = (nested(8, nested(1, domain), number(2, 1)) for domain in ("ai.onnx.ml", "com.microsoft"))
    stored = nested(5, number(2, 1), nested(8, STORED), nested(9, bytes(4)))
    return number(1, 8) + nested(7, *parts, stored) + nested(8, nested(1, ""), number(2, opset)) + b"".join(others)
