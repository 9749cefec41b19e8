"""What ExecuTorch made of a model, by the file itself: how much its delegates took, and what it left to the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.compilers.executorch.pte import Program, read_program
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.comparison import judge_accuracy
from envdoctor.stages.gates.compiled import accept, judge_numbers, not_whole
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import BuildOptions

#: What delegates are called in the file, by the kind of artifact.
BACKENDS = {"pte-xnnpack": "XnnpackBackend", "pte-ethos-u": "EthosUBackend"}
#: What the stage says of a file that it ran, and that answers as the model does.
_EXACT = "difference"
#: What turns floats at the program's edges into the integers that an Ethos-U takes, and back.
_EDGES = ("quantized_decomposed::quantize_per_tensor.out", "quantized_decomposed::dequantize_per_tensor.out")


def judge_program(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge a .pte file.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    subject = output.path.name
    try:
        program = read_program(output.path)
    except Unreadable as error:
        raise StageFailed(not_whole(output.path, str(error))) from None
    goal, options = context.request.goal, context.request.options
    wanted = BACKENDS.get("" if goal is None else goal.kind, "")
    left = left_to_kernels(program)
    taken = _taken(program, output.summary)
    rest = sum(count for name, count in left.items() if name not in _EDGES)
    share = taken / (taken + rest) if taken else 0.0
    found = [
        *_of_chip(program, context.request.accelerator, subject),
        *_of_share(program, wanted, share, options, subject),
        *_of_numbers(output.summary, options, subject),
    ]
    hidden = {"delegated"}
    summary = {key: value for key, value in output.summary.items() if key not in hidden} | {
        "delegates": list(program.backends),
        "delegated_share": round(share, 4),
        "delegated_operators": taken,
        "portable_kernels": dict(left),
        "inputs": list(program.inputs),
        "outputs": list(program.outputs),
    }
    return accept(output, summary, found)


def _taken(program: Program, summary: Mapping[str, Any]) -> int:
    """How many operators delegates took: as the stage says, or where the file itself tells."""
    told: Mapping[str, int] = summary.get("delegated", {})
    return sum(told.values()) or sum(sum(one.operators.values()) for one in program.delegates)


def left_to_kernels(program: Program) -> Mapping[str, int]:
    """The operators that the runtime's own kernels run, without the conversions at the program's edges."""
    edges = dict(zip(_EDGES, (len(program.inputs), len(program.outputs)), strict=True))
    counts = {name: count - edges.get(name, 0) for name, count in program.kernels.items()}
    return {name: count for name, count in counts.items() if count > 0}


def _of_chip(program: Program, wanted: str, subject: str) -> Iterator[Finding]:
    if wanted and program.backends and program.chip != wanted:  # without a delegate it is for no chip at all
        evidence = (Evidence(source=subject, excerpt=f"its delegate is for {program.chip or 'no Ethos-U'}"),)
        yield finding("executorch-other-chip", subject, evidence, made=program.chip or "no Ethos-U", wanted=wanted)


def _of_share(program: Program, wanted: str, share: float, options: BuildOptions, subject: str) -> Iterator[Finding]:
    left = left_to_kernels(program)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(left.items())) or "none"
    backend = wanted.removesuffix("Backend")
    evidence = (Evidence(source=subject, excerpt=f"calls of {backend}: {len(program.delegates)}; kernels: {listed}"),)
    required = options.require_mapped
    if wanted not in program.backends:
        yield finding("executorch-nothing-delegated", subject, evidence, backend=backend, ops=listed)
    elif required is not None and share < required:
        words = {"share": f"{share:.1%}", "wanted": f"{required:.1%}"}
        yield finding("executorch-too-few-delegated", subject, evidence, backend=backend, ops=listed, **words)
    elif left:
        words = {"share": f"{share:.1%}", "backend": backend, "ops": listed}
        yield finding("executorch-portable-kernels", subject, evidence, count=sum(left.values()), **words)


def _of_numbers(summary: Mapping[str, Any], options: BuildOptions, subject: str) -> Iterator[Finding]:
    if _EXACT not in summary:
        yield from judge_numbers(summary, options, subject, "ExecuTorch")
    elif summary.get("accuracy") is not None:
        yield from judge_accuracy(summary["accuracy"], options.thresholds, subject)
