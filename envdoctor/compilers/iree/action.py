"""ONNX or .tflite -> .vmfb, by IREE."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.compilers.iree.targets import target_of
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import sample_findings, sample_options, stem
from envdoctor.stages.processes import run_worker
from envdoctor.stages.requirements import needs_sizes, no_foreign_operators

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = "iree"
_TASK = Path(__file__).resolve().parent / "workers" / "compile_module.py"


def run(context: StageContext) -> StageOutput:
    """Compile for the goal's target, and run the result here where it can.

    Raises:
        StageFailed: it failed.
    """
    goal = context.request.goal
    output = context.folder / f"{stem(context)}.vmfb"
    values: Mapping[str, Any] = run_worker(
        context,
        _TASK,
        {
            **sample_options(context),
            "source": context.source.path.resolve(),
            "is_onnx": context.source.kind == ArtifactKind.ONNX,
            "inputs": [[spec.name, spec.shape, spec.dtype] for spec in context.inputs()],
            "target": dataclasses.asdict(target_of(goal)),
            "output": output,
        },
    )
    found = tuple(sample_findings(context, values)) if "samples" in values else ()
    return StageOutput(path=output, summary=values, findings=found)


ONNX = Action(
    name="iree-from-onnx",
    title="compile with IREE, from ONNX",
    consumes=frozenset({ArtifactKind.ONNX}),
    produces="iree",
    run=run,
    environment=ENVIRONMENT,
    requires=(needs_environment(ENVIRONMENT), needs_sizes, no_foreign_operators),
    goals=frozenset({"iree"}),
    options=frozenset({"calibration", "random_calibration", "evaluation", "inputs", "thresholds"}),
    cost=15.0,
)
TFLITE = Action(
    name="iree-from-tflite",
    title="compile with IREE, from .tflite by TOSA",
    consumes=frozenset({ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_FLOAT}),
    produces="iree",
    run=run,
    environment=ENVIRONMENT,
    requires=(needs_environment(ENVIRONMENT),),
    goals=frozenset({"iree"}),
    options=frozenset({"calibration", "random_calibration", "evaluation", "thresholds"}),
    cost=15.0,
)
