"""Task: export a PyTorch model, and tell what its graph holds that decides how it can be converted.

Request: `source`, `kind` and `factory` (see `torch_source`), `inputs`, `components` (the file of the status table),
`work`, `calibration` or `random`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import custom_ops, torch_source
from .asked import asked_inputs
from .components import Components
from .samples import fixed_inputs, for_request, make_up
from .stage import Problem
from .torch_form import with_copies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arrays import InputSpec
    from .custom_ops import Way
    from .samples import Samples
    from .torch_source import Source
    from .untyped import ExportedProgram, Tensor, TorchModule, TorchNode

_CALIBRATED = 500
#: Arguments of random operators (dropout, attention, recurrent layers) that turn the draw off, if one of them is no.
_OFF_SWITCHES = ("train", "training", "dropout_p", "dropout", "p")
#: What is known of failures; the error as `Type: words`.
KNOWN = (
    (r"torchvision::|torchvision.*(?:undefined symbol|incompatible)", "torchvision-mismatch"),
    (r"PackedParams|_moving_avg_obs|quantized::", "torch-quantized"),
    (r"Lowering not found: ", "torch-lowering-missing"),
    (
        r"(?i)GuardOnDataDependent|NonConcreteBoolean|data.?dependent|Concretiza|Tracer\w*Conversion|got FakeTensor",
        "torch-depends-on-values",
    ),
    (r"(?s)failed to legalize.*tensor<[\dx]*(?:f64|f16|bf16)>", "torch-half-precision"),
    (r"vhlo\.custom_call|stablehlo\.custom_call|STABLEHLO_CUSTOM_CALL", "torch-custom-call"),
    (r"Converter is not implemented", "onnx-operator-unknown"),
)
#: What is a model's fault in PyTorch code, and onnx2torch's in what it makes of an ONNX model: another way is open.
_OF_ONNX = dict.fromkeys(
    ("torch-depends-on-values", "torch-export-failed", "torch-model-refused"), "onnx-not-converted"
)


@dataclass(frozen=True)
class Exported:
    """A model that was exported.

    Attributes:
        inputs: as they were given, and `fixed` with all sizes.
        given: the user's samples, if there are any; `samples` are those or made up.
        ways: what becomes of each operator of the model's own.
        told: what the graph holds, for the report.
        torch: PyTorch's version.
        influence: how the samples of a batch change each other's answers; see `same_model.influence`.
    """

    source: Source
    inputs: tuple[InputSpec, ...]
    fixed: tuple[InputSpec, ...]
    given: Samples | None
    samples: Samples
    arguments: tuple[Tensor, ...]
    ways: Mapping[Any, Way]
    told: Mapping[str, object]
    torch: str
    influence: str


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    return export(request, components_of(request)).told


def components_of(request: Mapping[str, Any]) -> Components:
    """The status table of a request."""
    return Components(Path(request["components"]), KNOWN, _OF_ONNX if request["kind"] == "onnx" else None)


def export(request: Mapping[str, Any], components: Components) -> Exported:
    """Load the model, run it once, and export it.

    Raises:
        Problem: one of these failed.
    """
    with components.step("PyTorch", "torch-not-there"):
        import torch

        torch.manual_seed(0)
    inputs = asked_inputs(request)
    given = for_request(request, inputs, _CALIBRATED)
    fixed = fixed_inputs(inputs, given)
    samples = given or make_up(fixed)
    source = torch_source.load(request, fixed, components)
    influence = torch_source.influence(request, inputs, samples, source)
    with components.step("element types"):
        _refuse_half(source.module)
    with components.step("run in PyTorch", "torch-model-refused"):
        torch_source.answer(source.module, source.inputs, next(iter(samples.one_by_one())))
    with components.step("export", "torch-export-failed"):
        arguments = torch_source.as_tensors(next(iter(samples.one_by_one())), source.inputs)
        custom_ops.give_fakes()
        program = torch.export.export(source.module, arguments)
        _refuse_calls(program)
    with components.step("operators of its own"):
        ways = custom_ops.find_ways(custom_ops.own_operators(program))
        told = _told(program, ways)
        source = replace(source, module=with_copies(program) or source.module)
    return Exported(source, inputs, fixed, given, samples, arguments, ways, told, torch.__version__, influence)


def _refuse_calls(program: ExportedProgram) -> None:
    """Refuse a model that computes in half precision, or draws as it runs: a trace keeps no throw, or one for ever.

    Raises:
        Problem: it does.
    """
    calls = [node for node in program.graph.nodes if node.op == "call_function" and node.users]
    if any(str(node.target) == "wrap_with_autocast" for node in calls):
        raise Problem("torch-half-precision", "torch.autocast is on for the CPU inside the model's forward")
    drawing = sorted({str(node.target) for node in calls if _draws(node)})
    if drawing:
        words = f"the model draws random numbers as it runs ({', '.join(drawing)}), in evaluation mode too."
        raise Problem("not-repeatable", words)


def _draws(node: TorchNode) -> bool:
    """True for an operator that draws random numbers, unless it is told to drop nothing."""
    import torch

    if torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()):
        return False
    names = node.target._schema.arguments  # noqa: SLF001  (its only name)
    given = {each.name: each.default_value for each in names} | node.kwargs
    given |= dict(zip((each.name for each in names), node.args, strict=False))
    return all(given.get(name, True) for name in _OFF_SWITCHES)


def _refuse_half(module: TorchModule) -> None:
    """Refuse weights that are not in single precision.

    Raises:
        Problem: litert-torch writes operators with them that no kernel of LiteRT computes.
    """
    kinds = {str(each.dtype) for each in (*module.parameters(), *module.buffers())}
    kinds &= {"torch.float16", "torch.bfloat16"}
    kinds |= {"torch.float64" for each in module.parameters() if str(each.dtype) == "torch.float64"}
    if kinds:
        words = f"the model's weights are {min(kinds)}, which LiteRT has no kernels for"
        raise Problem("torch-half-precision", words)


def _told(program: ExportedProgram, ways: Mapping[Any, Way]) -> dict[str, object]:
    """The number of calls, and of what decides a route what there is."""
    calls = [node for node in program.graph.nodes if node.op == "call_function"]
    found = {
        "own": {str(operator): way.words for operator, way in ways.items()},
        "opaque": [str(operator) for operator, way in ways.items() if way.is_opaque],
        "control_flow": _control_flow(calls),
        "sizes_of_values": _sizes_of_values(calls),
        "called": sorted({str(node.target) for node in calls}),
    }
    return {"operators": len(calls), **{name: value for name, value in found.items() if value}}


def _control_flow(calls: list[Any]) -> list[str]:
    """Operators that call graphs inside the graph, and have no lowering."""
    import torch
    from litert_torch.backend import lowerings

    targets = {node.target for node in calls if isinstance(node.target, torch._ops.HigherOrderOperator)}  # noqa: SLF001
    return sorted(str(target) for target in targets if lowerings.lookup(target) is None)


def _sizes_of_values(calls: list[Any]) -> list[str]:
    """Operators that give a size which only the values decide: torch.export calls such sizes u0, u1, ..."""
    from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols

    found: dict[str, None] = {}
    known: set[Any] = set()
    for node in calls:
        value = node.meta.get("val")
        new = set() if value is None or isinstance(value, (tuple, list)) else set(free_unbacked_symbols(value))
        if new - known:
            found[str(node.target)] = None
        known |= new
    return list(found)
