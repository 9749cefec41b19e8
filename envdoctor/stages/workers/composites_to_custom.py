"""Task: write the composites of a .tflite file as CUSTOM operators.

Request: `source`, `output`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .composites import write_as_custom
from .stage import Problem
from .tflite_graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    graph = Graph(Path(request["source"]).read_bytes())
    names = write_as_custom(graph)
    if not names:
        raise Problem(
            "no-custom-operators",
            "the file has no composite to write as a CUSTOM operator: the model calls no operator of its own.",
        )
    Path(request["output"]).write_bytes(graph.pack())
    return {"custom": sorted(set(names)), "calls": len(names)}
