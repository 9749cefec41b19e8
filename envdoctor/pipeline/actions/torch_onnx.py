"""PyTorch -> ONNX with all sizes fixed, for compilers that start from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.torch import keeps_no_composites
from envdoctor.stages.conversion import sample_options, stem
from envdoctor.stages.given import needs_inputs, needs_sizes
from envdoctor.stages.processes import run_worker
from envdoctor.stages.requirements import needs_operators
from envdoctor.stages.torch import needs_cpu_build, tell_code, with_components, worker_request

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(context: StageContext) -> StageOutput:
    """Export, and hold the result against PyTorch.

    Raises:
        StageFailed: it failed; shows how far the model got.
    """
    output = context.folder / f"{stem(context)}.onnx"
    request = worker_request(context) | sample_options(context)
    request |= {"source": context.source.path.resolve(), "output": output}
    try:
        values: Mapping[str, Any] = run_worker(context, "torch_onnx", request)
    except StageFailed as failure:
        raise with_components(failure, context.folder / "components.json") from None
    return StageOutput(path=output, summary=values)


ACTION = Action(
    name="torch-onnx",
    title="export with PyTorch to ONNX",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2}),
    produces=ArtifactKind.ONNX,
    run=run,
    environment="torch",
    requires=(
        *(needs_environment("torch"), needs_cpu_build("torch"), needs_inputs, needs_sizes),
        *(needs_operators, keeps_no_composites),
    ),
    options=frozenset({"calibration", "random_calibration", "trust_code", "inputs"}),
    tool=tell_code,
    cost=30.0,
)
