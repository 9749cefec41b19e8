"""SavedModel -> int8, by the converter of TensorFlow 2.15, which writes operator versions that older readers know."""

from __future__ import annotations

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.conversion import INT8_OPTIONS
from envdoctor.stages.given import needs_samples_or_ranges, needs_sizes
from envdoctor.stages.requirements import (
    all_quantized,
    known_operators,
    no_control_flow,
    odd_types,
    open_batch,
    repeatable,
    saved_loops_crash,
)


def run(context: StageContext) -> StageOutput:
    """Fix the batch to one where it is not yet, then convert with all operators int8."""
    return convert_with_tensorflow(context, "int8")


ACTION = Action(
    name="tf215-int8",
    title="quantize to int8 with TensorFlow 2.15",
    consumes=frozenset({ArtifactKind.SAVED_MODEL}),
    produces=ArtifactKind.TFLITE_INT8,
    run=run,
    environment="tensorflow-2.15",
    requires=(
        needs_environment("tensorflow-2.15"),
        needs_samples_or_ranges,
        saved_loops_crash,
        needs_sizes,
        odd_types,
        known_operators,
        open_batch,
        no_control_flow,
        repeatable,
        all_quantized,
    ),
    options=INT8_OPTIONS,
    cost=13.0,
)
