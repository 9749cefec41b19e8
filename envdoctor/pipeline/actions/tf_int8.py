"""Keras or SavedModel -> int8, by TensorFlow's converter."""

from __future__ import annotations

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.conversion import INT8_OPTIONS
from envdoctor.stages.given import needs_samples_or_ranges, needs_sizes
from envdoctor.stages.requirements import (
    all_quantized,
    config_unread,
    convertible_layers,
    known_operators,
    loops_crash,
    no_control_flow,
    no_keras_2_functions,
    odd_types,
    open_batch,
    repeatable,
)


def run(context: StageContext) -> StageOutput:
    """Export with a batch of one, then convert with all operators int8."""
    return convert_with_tensorflow(context, "int8")


ACTION = Action(
    name="tf-int8",
    title="quantize to int8 with TensorFlow",
    consumes=frozenset({ArtifactKind.KERAS, ArtifactKind.SAVED_MODEL}),
    produces=ArtifactKind.TFLITE_INT8,
    run=run,
    environment="tensorflow",
    requires=(
        needs_environment("tensorflow"),
        needs_samples_or_ranges,
        loops_crash,
        no_keras_2_functions,
        config_unread,
        convertible_layers,
        needs_sizes,
        odd_types,
        known_operators,
        open_batch,
        no_control_flow,
        repeatable,
        all_quantized,
    ),
    options=INT8_OPTIONS,
    cost=12.0,
)
