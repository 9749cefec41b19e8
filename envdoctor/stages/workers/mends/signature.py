"""A file without a signature gets one: newer tools address inputs and outputs by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mend import Mend, Shapes

if TYPE_CHECKING:
    from ..tflite_graph import Graph


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Add a signature that names the inputs and outputs as their tensors are named."""
    del shapes
    before = len(graph.model.signatureDefs or [])
    key = graph.ensure_signature()
    return [f"added the signature '{key}'"] if len(graph.model.signatureDefs) > before else []


MEND = Mend(name="signature", title="add a signature where there is none", apply=apply, computes=False)
