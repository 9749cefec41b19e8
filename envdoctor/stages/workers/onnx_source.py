"""An ONNX model with all sizes fixed: as ONNX Runtime runs it, and as a PyTorch module.

Before onnx2torch sees it, ONNX Runtime computes what is constant once the sizes are (Shape, Gather, Concat before a
Reshape): torch.export takes no size from a value.
"""

from __future__ import annotations

import re
import sys
import tempfile
import types
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import same_model
from .onnx_constants import write_out_constants
from .onnx_floats import write_in_floats
from .onnx_padding import write_out_padding
from .onnx_recurrent import unroll
from .onnx_single import write_in_single
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .arrays import InputSpec
    from .components import Components
    from .same_model import Predict
    from .samples import Samples
    from .untyped import Array, OnnxModel, TorchModule

#: What ONNX Runtime's messages begin with: its file and the signature of its function in C++.
_SIGNATURE = re.compile(r"^\[ONNXRuntimeError\].*(?:[&*]|\bint|\bbool)\) ", re.DOTALL)
#: Opsets that onnx2torch knows the operators of; a newer model is written in them where it does not.
_KNOWN_OPSETS = (17, 13)


@dataclass(frozen=True)
class Original:
    """A model, what it takes, what ONNX Runtime gives for a batch (`output_0` and so on), and its version in words.

    `before` is what it gave before its quantization was taken out; None if it had none.
    """

    model: OnnxModel
    inputs: tuple[InputSpec, ...]
    predict: Predict
    by: str
    before: Predict | None = None


def load(path: Path, inputs: Sequence[InputSpec], components: Components) -> Original:
    """Read a model, give its inputs these sizes, and make it ready to run.

    Raises:
        Problem: ONNX Runtime refuses it.
    """
    with components.step("model", "onnx-model-refused"):
        import onnx

        model = onnx.load(str(path))
        batch = _batch(model)
        fix_sizes(model, inputs)
    before = None
    with components.step("run in ONNX Runtime", "onnx-model-refused"):
        import onnxruntime

        simplified, predict = _runnable(model, inputs, batch)
    with components.step("standard operators", "onnx-not-converted"):
        if write_in_floats(model):
            before = predict
            simplified, predict = _runnable(model, inputs, batch)
        by = f"ONNX Runtime {onnxruntime.__version__}"
        other = write_in_single(model)
        if other:
            inputs = [replace(spec, dtype="float32") if "float" in spec.dtype else spec for spec in inputs]
            simplified, in_single = _runnable(model, inputs, batch)
            predict = predict if other == "double" else in_single  # half precision rounds more than a conversion may
            by += f" in {other}" if other == "double" else f" in single precision, instead of {other}"
        unroll(simplified)
    return Original(simplified, tuple(inputs), predict, by, before)


def _runnable(model: OnnxModel, inputs: Sequence[InputSpec], batch: int) -> tuple[OnnxModel, Predict]:
    """The model with everything computed that is constant, and what runs the original."""
    try:
        simplified, session = simplify(model)
    except RuntimeError as error:
        if batch > 1:
            words = f"the model takes {batch} samples at once, and it can't be asked for one alone: {error}"
            raise Problem("batch-computed-across", words) from error
        raise

    def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
        given = session.run(None, {spec.name: sample[spec.name].astype(spec.dtype) for spec in inputs})
        return {f"output_{number}": value for number, value in enumerate(given)}

    return simplified, predict


def _batch(model: OnnxModel) -> int:
    """The largest first size of an input that is fixed."""
    weights = {each.name for each in model.graph.initializer}
    shapes = [each.type.tensor_type.shape for each in model.graph.input if each.name not in weights]
    return max((shape.dim[0].dim_value for shape in shapes if shape.dim), default=0)


def influence(path: Path, inputs: Sequence[InputSpec], samples: Samples, alone: Predict) -> str:
    """How the samples of a batch change each other's answers, asked of the file as it is.

    Args:
        path: the file.
        inputs: what it takes, its batch as it has it.
        samples: what it is asked.
        alone: answers one sample.

    Raises:
        Problem: its fixed batch can't be made one.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def whole(batch: Mapping[str, Array]) -> dict[str, Array]:
        try:
            given = session.run(None, {spec.name: batch[spec.name] for spec in inputs})
        except Exception as error:  # its own classes derive from nothing else
            raise RuntimeError(" ".join(str(error).split())) from error
        return {f"output_{number}": value for number, value in enumerate(given)}

    same_model.require_single(inputs, samples, whole, alone)
    return same_model.influence(samples, whole, alone)


def as_torch(model: OnnxModel) -> TorchModule:
    """The model as a module, in an older opset if onnx2torch does not know its own."""
    import onnx

    _stand_in_for_torchvision()
    from onnx2torch import convert

    _drop_allowzero(model)
    write_out_padding(model)
    _give_outputs_alone(model)
    for opset in _KNOWN_OPSETS:
        try:
            return write_out_constants(convert(model).eval())
        except NotImplementedError as unknown:
            if max(each.version for each in model.opset_import if not each.domain) <= opset:
                raise
            print(f"writing the model in opset {opset}: onnx2torch does not know an operator of it")
            try:
                model = onnx.version_converter.convert_version(model, opset)
            except RuntimeError:  # an assertion in C++
                raise unknown from None
    return write_out_constants(convert(model).eval())


def _drop_allowzero(model: OnnxModel) -> None:
    """The newer exporter writes it at every Reshape, and onnx2torch refuses it: where no size is 0, it says nothing."""
    import onnx

    sizes = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer if len(each.dims) == 1}
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[1] in sizes and sizes[node.input[1]].all():
            kept = [each for each in node.attribute if each.name != "allowzero"]
            del node.attribute[:]
            node.attribute.extend(kept)


def _give_outputs_alone(model: OnnxModel) -> None:
    """Outputs of operators with several (Split, TopK) through an Identity: onnx2torch gives all of such an operator."""
    import onnx

    graph = model.graph
    given = {value.name for value in graph.output}
    names = {
        name: f"{name}::alone" for node in graph.node if len(node.output) > 1 for name in node.output if name in given
    }
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    graph.node.extend(onnx.helper.make_node("Identity", [inner], [name]) for name, inner in names.items())


def fix_sizes(model: OnnxModel, inputs: Sequence[InputSpec]) -> None:
    """Give the inputs of a model these sizes, in place."""
    values = {value.name: value for value in model.graph.input}
    for spec in inputs:
        shape = values[spec.name].type.tensor_type.shape
        del shape.dim[:]
        for size in spec.shape or ():
            shape.dim.add().dim_value = size or 1
    for value in model.graph.output:
        if value.type.HasField("tensor_type"):  # asking a sequence or a map for it would make it one
            value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]


def simplify(model: OnnxModel) -> tuple[OnnxModel, Any]:
    """The model with everything computed that is constant, and a session for the original.

    Raises:
        RuntimeError: ONNX Runtime refuses it.
    """
    import onnx
    import onnxruntime

    with tempfile.TemporaryDirectory() as name:
        whole, simple = Path(name) / "whole.onnx", Path(name) / "simple.onnx"
        onnx.save(model, str(whole))
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(simple)
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(whole), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise RuntimeError(_SIGNATURE.sub("", str(error))) from error
        simplified = onnx.load(str(simple))
        _put_in_order(simplified.graph)
        return simplified, session


def _put_in_order(graph: Any) -> None:  # noqa: ANN401
    """Each operator behind those that feed it, as ONNX wants: ONNX Runtime alone takes them in any order."""
    nodes = list(graph.node)
    makers = {name: number for number, node in enumerate(nodes) for name in node.output if name}
    needs = {number: {makers[name] for name in _used(node) if name in makers} for number, node in enumerate(nodes)}
    if any(number < need for number, found in needs.items() for need in found):
        del graph.node[:]
        graph.node.extend(nodes[number] for number in TopologicalSorter(needs).static_order())


def _used(node: Any) -> Iterator[str]:  # noqa: ANN401
    """The names that an operator and the graphs in it take."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from (name for inner in graph.node for name in _used(inner))


def _stand_in_for_torchvision() -> None:
    """onnx2torch imports torchvision for two operators (NMS, RoiAlign); the others do without it."""
    try:
        import torchvision.ops  # noqa: F401
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        package, operators = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
        vars(package)["ops"], vars(operators)["roi_align"] = operators, None
        sys.modules |= {"torchvision": package, "torchvision.ops": operators}
