"""Task: turn a PyTorch or an ONNX model into a float .tflite file, with the channels last.

Request: that of `torch_graph`, and `keep_layout` (True to leave channels first), `composites` (True to keep operators
of the model's own as such), `output`, `graph` (the file for what the exported graph holds), `evaluation`, `reference`
(a folder for the answers of the model that was given; the samples go there too, in the order of axes that the .tflite
file takes).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import custom_ops, litert_run, reference
from .components import Components
from .same_model import compare_forms
from .samples import labelled_for_request, taken_sizes
from .stage import Problem
from .tflite_graph import Graph
from .tflite_layout import Layout, put_channels_last, rename
from .torch_graph import KNOWN, export

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .samples import Samples
    from .torch_source import Source
    from .untyped import Array

#: How far the .tflite file may be from torch, as a share of an output's range.
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Converted:
    """The .tflite file, and what became of the axes at its edges."""

    data: bytes
    layout: Layout


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    components = Components(Path(request["components"]), KNOWN)
    exported = export(request, components)
    Path(request["graph"]).write_text(json.dumps(exported.told), encoding="utf-8")
    if request["composites"] and not exported.ways:
        raise Problem("no-custom-operators", "the model calls no operator of its own; take the route torch-float.")
    source, given = exported.source, exported.given
    labelled = labelled_for_request(request, exported.inputs)
    told = custom_ops.write_out(exported.ways, as_composites=request["composites"])
    converted = _convert(source, exported.arguments, request, components)
    largest = _judge(source, converted, exported.samples, components)
    Path(request["output"]).write_bytes(converted.data)
    values: dict[str, object] = {
        "torch": exported.torch,
        "difference": f"{largest:.1g} of the outputs' range",
        "components": {str(row["component"]): f"ok, {row.get('seconds')} s" for row in components.rows},
        "layout": _told(source, converted.layout),
        "sizes": taken_sizes(exported.inputs, exported.fixed),
    }
    if request["kind"] == "torch":
        values["graph"] = exported.told
    if told:
        values["custom_operators"] = told
    if given is not None:
        values |= {"samples": given.count, "random": given.random, "matched": given.told}
        if request.get("reference"):
            _write_reference(Path(request["reference"]), source, converted.layout, given, labelled)
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


def _judge(source: Source, converted: Converted, samples: Samples, components: Components) -> float:
    """Run the file beside torch; the largest difference, as a share of the outputs' range."""
    with components.step("interpreter", "torch-file-does-not-run"):
        runner = litert_run.open_model(converted.data)
    with components.step("numbers"):
        inputs = [spec.name for spec in source.inputs]

        def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
            given = {
                name: _moved(sample[name], order) for name, order in zip(inputs, converted.layout.inputs, strict=True)
            }
            return dict(runner.predict(given))

        def expected(sample: Mapping[str, Array]) -> dict[str, Array]:
            return _moved_outputs(source.predict(sample), converted.layout)

        return compare_forms(samples, expected, predict, "converting it", _TOLERANCE)


def _write_reference(folder: Path, source: Source, layout: Layout, samples: Samples, labelled: Samples | None) -> None:
    import numpy as np

    def predict(moved: Mapping[str, Array]) -> Mapping[str, Array]:
        return _moved_outputs(source.predict(_moved_back(moved, source, layout)), layout)

    moved = _moved_samples(samples, source, layout)
    moved_labelled = labelled and _moved_samples(labelled, source, layout)
    reference.write(folder, reference.make(predict, source.by, moved, moved_labelled))
    np.savez(folder / reference.SAMPLES, **moved.inputs)


def _moved_samples(samples: Samples, source: Source, layout: Layout) -> Samples:
    """The samples with their axes as the .tflite file has them."""
    arrays = {
        spec.name: _moved(samples.inputs[spec.name], order)
        for spec, order in zip(source.inputs, layout.inputs, strict=True)
    }
    return replace(samples, inputs=arrays)


def _moved_back(sample: Mapping[str, Array], source: Source, layout: Layout) -> dict[str, Array]:
    import numpy as np

    pairs = zip(source.inputs, layout.inputs, strict=True)
    return {
        spec.name: _moved(sample[spec.name], None if order is None else tuple(np.argsort(order)))
        for spec, order in pairs
    }


def _moved_outputs(outputs: Mapping[str, Array], layout: Layout) -> dict[str, Array]:
    pairs = zip(outputs.items(), layout.outputs, strict=True)
    return {name: _moved(value, order) for (name, value), order in pairs}


def _moved(array: Array, order: tuple[int, ...] | None) -> Array:
    import numpy as np

    return array if order is None else np.ascontiguousarray(np.transpose(array, order))


def _told(source: Source, layout: Layout) -> list[str]:
    """What a caller of the file has to know of its inputs and outputs."""
    moved = [spec.name for spec, order in zip(source.inputs, layout.inputs, strict=True) if order is not None]
    moved += [f"output_{number}" for number, order in enumerate(layout.outputs) if order is not None]
    return [f"{name}: channels last" for name in moved]
