"""Task: write a float .tflite file from an ONNX model with onnx2tf, which needs neither PyTorch nor TensorFlow.

Request: as that of `torch_convert`, without what belongs to PyTorch.
"""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import litert_run, onnx_source
from .asked import asked_inputs
from .components import Components
from .samples import fixed_inputs, for_request, labelled_for_request, make_up, taken_sizes
from .stage import Problem
from .tflite_graph import Graph
from .tflite_layout import channels_last, put_channels_last, rename
from .turned import Converted, judge, moved, moved_inputs, taken_out, told, write_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .arrays import InputSpec
    from .samples import Samples
    from .untyped import Array, OnnxModel

_CALIBRATED = 500
#: What older models are written in first: Upsample, and sizes that later became inputs, have no form below.
_OLDEST_OPSET = 13
KNOWN = ((r"(?i)custom op|unsupported onnx op|not supported in flatbuffer_direct", "onnx2tf-operator-unknown"),)


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    components = Components(Path(request["components"]), KNOWN)
    inputs = asked_inputs(request)
    given = for_request(request, inputs, _CALIBRATED)
    fixed = fixed_inputs(inputs, given)
    samples = given or make_up(fixed)
    source = onnx_source.load(Path(request["source"]), fixed, components)
    influence = onnx_source.influence(Path(request["source"]), inputs, samples, source.before or source.predict)
    with components.step("conversion", "onnx2tf-failed"):
        data = _convert(source.model, source.inputs, Path(request["work"]))
    with components.step("flatbuffer", "onnx2tf-failed"):
        converted = _in_order(data, source)
    with components.step("order of axes", "torch-file-does-not-run"):
        converted = _with_turned_outputs(converted, source, samples)
    largest = judge(source, converted, samples, components)
    Path(request["output"]).write_bytes(converted.data)
    values: dict[str, object] = {
        "difference": f"{largest:.1g} of the outputs' range",
        "components": {str(row["component"]): f"ok, {row.get('seconds')} s" for row in components.rows},
        "layout": told(source, converted.layout),
        "sizes": taken_sizes(inputs, fixed),
        "influence": influence,
        **taken_out(source, samples),
    }
    if given is not None:
        values |= given.summary
        if request.get("reference"):
            labelled = labelled_for_request(request, inputs)
            write_reference(Path(request["reference"]), source, converted.layout, given, labelled)
    return values


def _convert(model: OnnxModel, inputs: tuple[InputSpec, ...], work: Path) -> bytes:
    """The file that onnx2tf writes: inputs in the order of axes that the model has, called by their position."""
    import onnx

    model = _in_known_opset(model)
    names = _by_position(model, [spec.name for spec in inputs])
    path, folder = work / "model.onnx", work / "onnx2tf"
    onnx.save(model, str(path))
    with _without_network(), contextlib.redirect_stdout(io.StringIO()):
        import onnx2tf

        onnx2tf.convert(
            input_onnx_file_path=str(path),
            output_folder_path=str(folder),
            tflite_backend="flatbuffer_direct",
            not_use_onnxsim=True,
            keep_shape_absolutely_input_names=names,
            non_verbose=True,
            verbosity="error",
        )
    written = folder / "model_float32.tflite"
    if not written.is_file():
        raise Problem("onnx2tf-failed", "onnx2tf ended without an error and wrote no float file")
    return written.read_bytes()


@contextlib.contextmanager
def _without_network() -> Iterator[None]:
    """Some ways through onnx2tf fetch sample images: nothing is fetched that the user did not ask for."""
    closed = [True]

    def refuse(event: str, _: tuple[object, ...]) -> None:
        if closed and event in {"socket.connect", "socket.getaddrinfo"}:
            raise PermissionError("a conversion fetches nothing")

    sys.addaudithook(refuse)  # there is no way to take one off again
    try:
        yield
    finally:
        closed.clear()


def _in_known_opset(model: OnnxModel) -> OnnxModel:
    import onnx

    if max((each.version for each in model.opset_import if not each.domain), default=0) >= _OLDEST_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, _OLDEST_OPSET)
    except (RuntimeError, ValueError) as error:  # what it has no form of
        print(f"left in its opset: {error}")
        return model


def _by_position(model: OnnxModel, inputs: list[str]) -> list[str]:
    """Call inputs and outputs by their position, in place: onnx2tf changes names that hold a colon or a slash."""
    names = {name: f"input_{number}" for number, name in enumerate(inputs)}
    names |= {value.name: f"output_{number}" for number, value in enumerate(model.graph.output)}
    for values in (model.graph.input, model.graph.output, model.graph.value_info, model.graph.initializer):
        for value in values:
            value.name = names.get(value.name, value.name)
    _rename_in(model.graph, names)
    return [names[name] for name in inputs]


def _rename_in(graph: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401
    for node in graph.node:
        for arguments in (node.input, node.output):
            arguments[:] = [names.get(name, name) for name in arguments]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                _rename_in(inner, names)
                for value in inner.output:
                    value.name = names.get(value.name, value.name)


def _in_order(data: bytes, source: onnx_source.Original) -> Converted:
    """Put inputs and outputs in the model's order, with the channels last.

    Raises:
        Problem: onnx2tf had no form of an operator.
    """
    graph = Graph(data)
    unknown = sorted({name for each in graph.main.operators if (name := _custom_name(graph, each))})
    if unknown:
        raise Problem("onnx2tf-operator-unknown", ", ".join(unknown))
    graph.main.inputs = _ordered(graph, graph.main.inputs, "input")
    graph.main.outputs = _ordered(graph, graph.main.outputs, "output")
    layout = put_channels_last(graph)
    rename(graph, [spec.name for spec in source.inputs])
    return Converted(graph.pack(), layout)


def _with_turned_outputs(converted: Converted, source: onnx_source.Original, samples: Samples) -> Converted:
    """Find out which outputs onnx2tf turned itself."""
    sample, layout = next(iter(samples.one_by_one())), converted.layout
    answers = litert_run.open_model(converted.data).predict(moved_inputs(sample, source, layout))
    expected = source.predict(sample)
    outputs = tuple(
        _order(expected[name], answers[name]) if order is None else order
        for name, order in zip(expected, layout.outputs, strict=True)
    )
    return replace(converted, layout=replace(layout, outputs=outputs))


def _custom_name(graph: Graph, operator: Any) -> str:  # noqa: ANN401
    """What onnx2tf calls an operator that it has no form of; nothing for any other."""
    code = graph.model.operatorCodes[operator.opcodeIndex].customCode
    return code.decode("utf-8", "replace").removeprefix("ONNX_") if code else ""


def _ordered(graph: Graph, indexes: Any, what: str) -> list[int]:  # noqa: ANN401
    names = {graph.main.tensors[int(index)].name.decode(): int(index) for index in indexes}
    try:
        return [names[f"{what}_{number}"] for number in range(len(indexes))]
    except KeyError as error:
        raise Problem("onnx2tf-failed", f"onnx2tf lost the {what} {error}") from None


def _order(expected: Array, given: Array) -> tuple[int, ...] | None:
    """The order in which the axes came out: as they were, or channels last; the numbers decide where both fit."""
    import numpy as np

    def distance(order: tuple[int, ...] | None) -> float:
        difference = moved(expected, order).astype("float64") - given.astype("float64")
        return float(np.max(np.abs(difference), initial=0.0))

    fitting = [order for order in (None, channels_last(expected.ndim)) if moved(expected, order).shape == given.shape]
    return min(fitting, key=distance, default=None)
