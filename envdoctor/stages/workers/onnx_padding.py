"""Padding that an ONNX operator leaves to its runtime (`auto_pad`), written out in numbers: onnx2torch takes no other.

Source: Conv, MaxPool and AveragePool in docs/Operators.md of github.com/onnx/onnx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .untyped import OnnxModel, OnnxNode

_PADDED = frozenset({"Conv", "MaxPool", "AveragePool", "LpPool"})
_SAME = (b"SAME_UPPER", b"SAME_LOWER")
_WRITTEN = frozenset({"auto_pad", "pads"})


def write_out_padding(model: OnnxModel) -> None:
    """Give the pads of operators whose input has known sizes, in place."""
    import onnx

    nodes = [node for node in model.graph.node if node.op_type in _PADDED and _told(node).get("auto_pad") in _SAME]
    if not nodes:
        return
    inferred = onnx.shape_inference.infer_shapes(model).graph
    sizes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*inferred.value_info, *inferred.input)
    }
    sizes |= {each.name: list(each.dims) for each in inferred.initializer}
    for node in nodes:
        shapes = [sizes.get(name, []) for name in node.input]
        if shapes[0][2:] and all(shapes[0][2:]):
            kept = [each for each in node.attribute if each.name not in _WRITTEN]
            pads = onnx.helper.make_attribute("pads", _pads(_told(node), shapes))
            del node.attribute[:]
            node.attribute.extend([*kept, pads])


def _told(node: OnnxNode) -> dict[str, Any]:
    import onnx

    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def _pads(told: dict[str, Any], shapes: Sequence[Sequence[int]]) -> list[int]:
    """All that is before, then all that is behind: as few as give an output for every step within the input."""
    kernel = told.get("kernel_shape") or shapes[1][2:]
    totals = list(_totals(shapes[0][2:], kernel, told))
    less, more = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return less + more if told["auto_pad"] == _SAME[0] else more + less


def _totals(sizes: Sequence[int], kernel: Sequence[int], told: dict[str, Any]) -> Iterator[int]:
    ones = [1] * len(sizes)
    steps, gaps = told.get("strides") or ones, told.get("dilations") or ones
    for size, width, step, gap in zip(sizes, kernel, steps, gaps, strict=True):
        yield max((-(-size // step) - 1) * step + (width - 1) * gap + 1 - size, 0)
