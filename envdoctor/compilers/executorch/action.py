"""PyTorch -> .pte, by ExecuTorch: for XNNPACK in floats, for an Ethos-U in int8."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import sample_findings, sample_options, stem
from envdoctor.stages.given import needs_inputs, needs_samples, needs_sizes
from envdoctor.stages.processes import run_worker
from envdoctor.stages.requirements import needs_operators
from envdoctor.stages.torch import needs_cpu_build, tell_code, with_components, worker_request

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = "executorch"
_TASK = Path(__file__).resolve().parent / "workers" / "lower.py"
_OPTIONS = frozenset({"calibration", "random_calibration", "evaluation", "trust_code", "inputs", "require_mapped"})


def run(context: StageContext) -> StageOutput:
    """Lower the source for the goal's accelerator, or for XNNPACK where it has none.

    Raises:
        StageFailed: it failed; shows how far the model got.
    """
    accelerator = context.request.accelerator or None
    output = context.folder / f"{stem(context)}.pte"
    request = worker_request(context) | sample_options(context)
    request |= {"source": context.source.path.resolve(), "output": output, "accelerator": accelerator}
    request["flags"] = context.request.options.compiler_args
    try:
        values: Mapping[str, Any] = run_worker(context, _TASK, request)
    except StageFailed as failure:
        raise with_components(failure, context.folder / "components.json") from None
    found = () if accelerator is None else tuple(sample_findings(context, values))
    return StageOutput(path=output, summary=values, findings=found)


XNNPACK = Action(
    name="executorch-xnnpack",
    title="lower with ExecuTorch for XNNPACK",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2}),
    produces="pte-xnnpack",
    run=run,
    environment=ENVIRONMENT,
    requires=(needs_environment(ENVIRONMENT), needs_cpu_build(ENVIRONMENT), needs_inputs, needs_sizes, needs_operators),
    goals=frozenset({"executorch"}),
    options=_OPTIONS,
    tool=tell_code,
    cost=40.0,
)
ETHOS_U = Action(
    name="executorch-ethos-u",
    title="quantize with PyTorch and lower with ExecuTorch for Ethos-U",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2}),
    produces="pte-ethos-u",
    run=run,
    environment=ENVIRONMENT,
    requires=(*XNNPACK.requires, needs_samples),
    goals=frozenset({"executorch"}),
    options=_OPTIONS | {"thresholds", "compiler_args"},
    tool=tell_code,
    cost=60.0,
)
