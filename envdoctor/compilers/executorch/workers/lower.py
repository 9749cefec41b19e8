"""Task: lower a PyTorch model to a .pte file with ExecuTorch, for XNNPACK or for an Ethos-U.

Request: `source`, `kind` and `factory` (see `torch_source`), `inputs` (name, shape and type of each), `accelerator`
(Vela's name of an Ethos-U; None for XNNPACK), `flags` (more arguments for Vela), `output`, `components` (the file of
the status table), `work`, `calibration` or `random`, `evaluation`.

A file for XNNPACK is run here by ExecuTorch's own runtime beside the model in PyTorch. No host runs one for an Ethos-U:
what is compared there is the quantized model that it was made from.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.stages.workers import reference, torch_source
from envdoctor.stages.workers.accuracy import accuracy_of
from envdoctor.stages.workers.asked import read_asked
from envdoctor.stages.workers.compiled_compare import compare_runs
from envdoctor.stages.workers.components import Components
from envdoctor.stages.workers.native_output import captured
from envdoctor.stages.workers.same_model import compare_forms
from envdoctor.stages.workers.samples import as_batch
from envdoctor.stages.workers.stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.stages.workers.same_model import Predict
    from envdoctor.stages.workers.samples import Samples
    from envdoctor.stages.workers.torch_source import Source
    from envdoctor.stages.workers.untyped import Array, ExportedProgram, TorchModule

_CALIBRATED = 500
#: How far a .pte file for XNNPACK may be from torch, as a share of an output's range.
_TOLERANCE = 1e-4
#: What is known of failures; the error as `Type: words`.
KNOWN = ((r"(?i)GuardOnDataDependent|NonConcreteBooleanIndex|data.?dependent", "torch-depends-on-values"),)
#: What the runtime says of a kernel that it does not have.
_MISSING = re.compile(r"kernel '[^']+' not found")
_DELEGATE, _GETITEM = "executorch_call_delegate", "getitem"
#: Operators that turn numbers into others' form, and compute nothing.
_CONVERTS = "quantize_per_"


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    components = Components(Path(request["components"]), KNOWN)
    with components.step("PyTorch", "executorch-not-there"):
        import executorch.exir  # noqa: F401  (tells what is the matter with it before anything is done)
        import torch

        torch.manual_seed(0)
    asked = read_asked(request, _CALIBRATED)
    fixed, samples = asked.fixed, asked.samples
    source = torch_source.load(request, fixed, components)
    sample = as_batch(next(iter(samples.one_by_one())), fixed)
    with components.step("run in PyTorch", "torch-model-refused"):
        torch_source.answer(source.module, fixed, sample)
    arguments = torch_source.as_tensors(sample, source.inputs)
    with components.step("export", "torch-export-failed"):
        program = torch.export.export(source.module, arguments)
    quantized = None
    if request["accelerator"] is not None:
        quantized = _quantize(program, request["accelerator"], source, samples, components)
        with components.step("export of the quantized model", "executorch-not-quantized"):
            program = torch.export.export(quantized, arguments)
    counted = _lower(program, request, components)
    made = _runner(Path(request["output"]), source, components) if quantized is None else _predict(quantized, source)
    values: dict[str, object] = {"torch": torch.__version__, "sizes": asked.sizes, **counted}
    values |= {"components": {str(row["component"]): f"ok, {row.get('seconds')} s" for row in components.rows}}
    if asked.given is not None:
        values |= asked.given.summary
    with components.step("numbers"):
        return values | _compared(source, made, samples, asked.labelled, exact=quantized is None)


def _quantize(
    program: ExportedProgram, accelerator: str, source: Source, samples: Samples, components: Components
) -> TorchModule:
    """The model in int8, its ranges taken from the samples."""
    with components.step("quantization", "executorch-not-quantized"):
        from executorch.backends.arm.ethosu import EthosUCompileSpec
        from executorch.backends.arm.quantizer import EthosUQuantizer, get_symmetric_quantization_config
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        quantizer = EthosUQuantizer(EthosUCompileSpec(accelerator))
        quantizer.set_global(get_symmetric_quantization_config())
        prepared = prepare_pt2e(program.module(check_guards=False), quantizer)
        for sample in samples.one_by_one():
            prepared(*torch_source.as_tensors(as_batch(sample, source.inputs), source.inputs))
        return convert_pt2e(prepared)


def _lower(program: ExportedProgram, request: Mapping[str, Any], components: Components) -> Mapping[str, object]:
    """Write the .pte file; which operators delegates took."""
    with components.step("lowering", "executorch-not-lowered"):
        from executorch.exir import EdgeCompileConfig, ExecutorchBackendConfig, to_edge_transform_and_lower

        if request["accelerator"] is None:
            from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

            partitioner, checked, segments = XnnpackPartitioner(), True, True
        else:
            from executorch.backends.arm.ethosu import EthosUCompileSpec, EthosUPartitioner

            spec = EthosUCompileSpec(request["accelerator"], extra_flags=list(request["flags"]))
            # What runs on a microcontroller loads no segments: the delegate's data stays in the program.
            partitioner, checked, segments = EthosUPartitioner(spec), False, False
        config = EdgeCompileConfig(_check_ir_validity=checked)
        edge = to_edge_transform_and_lower(program, partitioner=[partitioner], compile_config=config)
        counted = _count(edge.exported_program())
        made = edge.to_executorch(config=ExecutorchBackendConfig(extract_delegate_segments=segments))
        Path(request["output"]).write_bytes(made.buffer)
        return counted


def _count(program: ExportedProgram) -> dict[str, object]:
    """The operators that delegates took, by name."""
    inside: Counter[str] = Counter()
    delegates = [node for node in _calls(program.graph_module) if _name(node) == _DELEGATE]
    for node in delegates:
        lowered = getattr(program.graph_module, node.args[0].target)
        names = map(_name, _calls(lowered.original_module.graph_module))
        inside.update(name for name in names if _CONVERTS not in name)
    return {"delegated": dict(inside)}


def _calls(module: TorchModule) -> list[Any]:
    return [node for node in module.graph.nodes if node.op == "call_function" and _name(node) != _GETITEM]


def _name(node: Any) -> str:  # noqa: ANN401  (a torch.fx.Node)
    return str(getattr(node.target, "__name__", node.target))


def _runner(path: Path, source: Source, components: Components) -> Predict:
    """The file in ExecuTorch's own runtime."""
    with components.step("runtime", "executorch-file-does-not-run"):
        from executorch.runtime import Runtime

        said = path.with_suffix(".said")
        try:
            with captured(said) as words:
                method = Runtime.get().load_program(path).load_method("forward")
        except RuntimeError as error:  # its own words are a number, what it lacks is on the error stream
            missing = ", ".join(dict.fromkeys(_MISSING.findall(words[0])))
            raise Problem("executorch-file-does-not-run", f"{error}{missing and f' ({missing})'}") from error
        finally:
            said.unlink(missing_ok=True)

        def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
            given = method.execute(list(torch_source.as_tensors(as_batch(sample, source.inputs), source.inputs)))
            return {f"output_{number}": each.numpy().copy() for number, each in enumerate(given)}

        return predict


def _predict(module: TorchModule, source: Source) -> Predict:
    return lambda sample: torch_source.answer(module, source.inputs, as_batch(sample, source.inputs))


def _compared(
    source: Source, made: Predict, samples: Samples, labelled: Samples | None, *, exact: bool
) -> dict[str, object]:
    """How far what was made is from the model: numbers for the gate.

    Raises:
        Problem: it is to be the same, and is not; the model itself gives NaN, or two answers to the same input.
    """
    original = _predict(source.module, source)
    if not exact:
        return compare_runs((original, source.by), (made, "PyTorch's quantized model"), samples, labelled)
    largest = compare_forms(samples, original, made, "lowering it", _TOLERANCE)
    values: dict[str, object] = {"difference": f"{largest:.1g} of the outputs' range"}
    if labelled is not None:
        evaluation = reference.answer(original, labelled)
        values["accuracy"] = accuracy_of(evaluation, reference.outputs_of(made, labelled))
    return values
