"""Keras or SavedModel -> float .tflite, by TensorFlow's converter."""

from __future__ import annotations

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.conversion import SAMPLE_OPTIONS
from envdoctor.stages.requirements import (
    config_unread,
    known_operators,
    needs_sizes,
    no_keras_2_functions,
    odd_types,
    open_batch,
    repeatable,
)


def run(context: StageContext) -> StageOutput:
    """Export with a batch of one, then convert as it is."""
    return convert_with_tensorflow(context, "float")


ACTION = Action(
    name="tf-float",
    title="convert to a float .tflite with TensorFlow",
    consumes=frozenset({ArtifactKind.KERAS, ArtifactKind.SAVED_MODEL}),
    produces=ArtifactKind.TFLITE_FLOAT,
    run=run,
    environment="tensorflow",
    requires=(
        needs_environment("tensorflow"),
        needs_sizes,
        no_keras_2_functions,
        config_unread,
        odd_types,
        known_operators,
        open_batch,
        repeatable,
    ),
    options=SAMPLE_OPTIONS | {"trust_code"},
    cost=12.0,
)
