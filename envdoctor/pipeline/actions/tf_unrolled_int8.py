"""Keras with recurrent layers -> int8: unrolled first, because TensorFlow's converter crashes on the loop."""

from __future__ import annotations

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.conversion import INT8_OPTIONS
from envdoctor.stages.given import needs_samples, needs_sizes
from envdoctor.stages.requirements import (
    all_quantized,
    config_unread,
    convertible_layers,
    has_trait,
    known_operators,
    no_keras_2_functions,
)


def run(context: StageContext) -> StageOutput:
    """Unroll, prove that the outputs stay the same, export with a batch of one, convert with all operators int8."""
    return convert_with_tensorflow(context, "int8", unroll=True)


ACTION = Action(
    name="tf-unrolled-int8",
    title="unroll recurrent layers and quantize to int8 with TensorFlow",
    consumes=frozenset({ArtifactKind.KERAS}),
    produces=ArtifactKind.TFLITE_INT8,
    run=run,
    environment="tensorflow",
    requires=(
        needs_environment("tensorflow"),
        needs_samples,
        no_keras_2_functions,
        config_unread,
        convertible_layers,
        known_operators,
        needs_sizes,
        all_quantized,
    ),
    applies=has_trait("recurrent"),
    options=INT8_OPTIONS,
    cost=14.0,
    unrolls=True,
)
