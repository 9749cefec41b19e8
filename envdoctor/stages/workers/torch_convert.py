"""Task: turn a PyTorch or an ONNX model into a float .tflite file, with the channels last.

Request: that of `torch_graph`, and `keep_layout` (True to leave channels first), `composites` (True to keep operators
of the model's own as such), `output`, `graph` (the file for what the exported graph holds), `evaluation`, `reference`
(a folder for the answers of the model that was given; the samples go there too, in the order of axes that the .tflite
file takes).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import custom_ops, torch_ranking, torch_rewrites
from .samples import labelled_for_request, taken_sizes
from .stage import Problem
from .tflite_graph import Graph
from .tflite_layout import Layout, put_channels_last, rename
from .torch_graph import components_of, export
from .turned import Converted, judge, taken_out, told, write_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .components import Components
    from .torch_source import Source


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    components = components_of(request)
    exported = export(request, components)
    Path(request["graph"]).write_text(json.dumps(exported.told), encoding="utf-8")
    if request["composites"] and not exported.ways:
        raise Problem("no-custom-operators", "the model calls no operator of its own; take the route torch-float.")
    control_flow = exported.told.get("control_flow")
    if isinstance(control_flow, list):
        with components.step("lowering"):
            raise Problem("torch-lowering-missing", f"Lowering not found: {', '.join(control_flow)}")
    source, given = exported.source, exported.given
    labelled = labelled_for_request(request, exported.inputs)
    written_out = custom_ops.write_out(exported.ways, as_composites=request["composites"])
    torch_rewrites.write_out()
    torch_ranking.write_out()
    converted = _convert(source, exported.arguments, request, components)
    largest = judge(source, converted, exported.samples, components)
    Path(request["output"]).write_bytes(converted.data)
    values: dict[str, object] = {
        "torch": exported.torch,
        "difference": f"{largest:.1g} of the outputs' range",
        "components": {str(row["component"]): f"ok, {row.get('seconds')} s" for row in components.rows},
        "layout": told(source, converted.layout),
        "sizes": taken_sizes(exported.inputs, exported.fixed),
        "influence": exported.influence,
        "drawn": source.drawn,
        **taken_out(source, exported.samples),
    }
    if request["kind"] == "torch":
        values["graph"] = exported.told
    if written_out:
        values["custom_operators"] = written_out
    if given is not None:
        values |= given.summary
        if request.get("reference"):
            write_reference(Path(request["reference"]), source, converted.layout, given, labelled)
    return values


def _convert(
    source: Source, arguments: tuple[Any, ...], request: Mapping[str, Any], components: Components
) -> Converted:
    raw = Path(request["work"]) / "model.tflite"
    with components.step("lowering", "torch-not-converted", ("litert_torch/backend/", "conversion")):
        import litert_torch

        made = litert_torch.convert(source.module, arguments)
    with components.step("conversion", "torch-not-converted"):
        made.export(str(raw))
    with components.step("flatbuffer"):
        data = raw.read_bytes() if raw.is_file() else b""
        if not data:
            raise Problem("torch-not-converted", "litert-torch ended without an error and left an empty file")
        graph = Graph(data)
        untouched = Layout((None,) * len(graph.main.inputs), (None,) * len(graph.main.outputs))
        layout = untouched if request["keep_layout"] else put_channels_last(graph)
        rename(graph, [spec.name for spec in source.inputs])
        return Converted(graph.pack(), layout)
