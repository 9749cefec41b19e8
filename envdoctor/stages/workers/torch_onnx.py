"""Task: export a PyTorch model to ONNX, all sizes fixed, and hold it against PyTorch in ONNX Runtime.

Request: `source`, `kind` and `factory` (see `torch_source`), `inputs` (name, shape and type of each), `output`,
`components` (the file of the status table), `work`, `calibration` or `random`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import custom_ops, torch_source
from .asked import asked_inputs
from .components import Components
from .same_model import compare_forms
from .samples import as_batch, fixed_inputs, for_request, keep_sizes, make_up, taken_sizes
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .arrays import InputSpec
    from .custom_ops import Way
    from .untyped import Array, ExportedProgram, Tensor, TorchModule

_CALIBRATED = 500
_OPSET = 17
#: How far the ONNX file may be from torch, as a share of an output's range.
_TOLERANCE = 1e-4
#: What is known of failures; the error as `Type: words`.
KNOWN = ((r"(?i)GuardOnDataDependent|data.?dependent", "torch-depends-on-values"),)


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    components = Components(Path(request["components"]), KNOWN)
    with components.step("PyTorch", "torch-not-there"):
        import torch

        torch.manual_seed(0)
        fused_layers = False  # ONNX has no operator for a whole layer of nn.TransformerEncoder
        torch.backends.mha.set_fastpath_enabled(fused_layers)
    with components.step("ONNX Runtime"):
        try:  # the user's own environment need not have them
            import onnx  # noqa: F401
            import onnxruntime
        except ModuleNotFoundError as error:
            raise Problem("torch-package-missing", f"the export to ONNX needs {error.name}") from error
    inputs = asked_inputs(request)
    given = for_request(request, inputs, _CALIBRATED)
    fixed = keep_sizes(inputs, fixed_inputs(inputs, given))
    samples = given or make_up(fixed)
    source = torch_source.load(request, fixed, components)
    sample = as_batch(next(iter(samples.one_by_one())), fixed)
    with components.step("run in PyTorch", "torch-model-refused"):
        outputs = list(torch_source.answer(source.module, fixed, sample))
    ways = _export(source.module, torch_source.as_tensors(sample, fixed), (fixed, outputs), request, components)
    with components.step("run in ONNX Runtime", "onnx-model-refused"):
        session = onnxruntime.InferenceSession(request["output"], providers=["CPUExecutionProvider"])
    with components.step("numbers"):

        def expected(one: Mapping[str, Array]) -> dict[str, Array]:
            return torch_source.answer(source.module, fixed, as_batch(one, fixed))

        def exported(one: Mapping[str, Array]) -> dict[str, Array]:
            return dict(zip(outputs, session.run(None, as_batch(one, fixed)), strict=True))

        largest = compare_forms(samples, expected, exported, "exporting it to ONNX", _TOLERANCE)
    return {
        "torch": torch.__version__,
        "difference": f"{largest:.1g} of the outputs' range",
        "components": {str(row["component"]): f"ok, {row.get('seconds')} s" for row in components.rows},
        "sizes": taken_sizes(inputs, fixed),
        **({"custom_operators": {str(operator): way.words for operator, way in ways.items()}} if ways else {}),
    }


def _export(
    module: TorchModule,
    arguments: tuple[Tensor, ...],
    edges: tuple[Sequence[InputSpec], list[str]],
    request: Mapping[str, Any],
    components: Components,
) -> Mapping[Any, Way]:
    """Write the ONNX file.

    Args:
        module: the model.
        arguments: one sample.
        edges: the inputs, and the names of the outputs.
        request: names the file.
        components: told of each step.

    Returns:
        The operators of the model's own that were written out, and how.
    """
    import torch

    with components.step("branches", "torch-onnx-failed"):
        custom_ops.give_fakes()
        program = _program_of(module, arguments)
    with components.step("operators of its own", "torch-onnx-failed"):
        ways = {} if program is None else custom_ops.find_ways(custom_ops.own_operators(program))
        module = module if program is None else _without_own(module, program, ways)
    with components.step("export to ONNX", "torch-onnx-failed"):
        names = {"input_names": [spec.name for spec in edges[0]], "output_names": edges[1]}
        # What torch.export made has one mode and refuses to be told; this exporter tells any module.
        module.train = lambda _: module
        # The newer exporter (dynamo=True) needs onnxscript, which litert-torch's environment does not have.
        torch.onnx.export(module, arguments, request["output"], dynamo=False, opset_version=_OPSET, **names)
    return ways


def _program_of(module: TorchModule, arguments: tuple[Tensor, ...]) -> ExportedProgram | None:
    """Ask torch.export: torch.onnx.export writes the branch down that one sample takes, and says nothing.

    Returns:
        The program; None where torch.export refuses for any other word, which is none against a trace.

    Raises:
        RuntimeError: values decide what is computed.
    """
    import torch

    try:
        return torch.export.export(module, arguments)
    except Exception as error:
        if re.search(KNOWN[0][0], f"{type(error).__name__}: {error}"):
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        return None


def _without_own(module: TorchModule, program: ExportedProgram, ways: Mapping[Any, Way]) -> TorchModule:
    """The module with operators of its own written out of standard ones, which a trace keeps by their names."""
    bodies = {operator: way.body for operator, way in ways.items() if way.body is not None}
    return program.run_decompositions(bodies).module() if bodies else module
