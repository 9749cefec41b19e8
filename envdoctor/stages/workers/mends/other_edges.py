"""Quantized inputs and outputs in another type, on demand: float for what feeds floats, uint8 for older programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import tflite_edges
from .mend import Mend, Shapes

if TYPE_CHECKING:
    from ..tflite_graph import Graph


def to_float(graph: Graph, shapes: Shapes) -> list[str]:
    """Put QUANTIZE and DEQUANTIZE at the edge."""
    del shapes
    return _told(tflite_edges.convert_edges_to_float(graph), "float")


def to_uint8(graph: Graph, shapes: Shapes) -> list[str]:
    """Put a QUANTIZE at each int8 edge."""
    del shapes
    return _told(tflite_edges.convert_edges_to_uint8(graph), "uint8")


def _told(changed: int, kind: str) -> list[str]:
    return [f"made {changed} of the inputs and outputs {kind}"] if changed else []


FLOAT_EDGES = Mend(name="float-edges", title="put float inputs and outputs back", apply=to_float, on_demand=True)
UINT8_EDGES = Mend(name="uint8-edges", title="make int8 inputs and outputs uint8", apply=to_uint8, on_demand=True)
