"""Keras or SavedModel -> float .tflite, by TensorFlow's converter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.conversion import SAMPLE_OPTIONS
from envdoctor.stages.given import needs_sizes
from envdoctor.stages.requirements import (
    config_unread,
    convertible_layers,
    known_operators,
    no_keras_2_functions,
    no_ranges_in_loops,
    odd_types,
    open_batch,
    repeatable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.core.route import Reason
    from envdoctor.facts import Facts

#: What a conversion to floats needs, of loops or of the steps that they take.
REQUIRES = (
    needs_environment("tensorflow"),
    convertible_layers,
    needs_sizes,
    no_keras_2_functions,
    config_unread,
    odd_types,
    known_operators,
    open_batch,
    repeatable,
)
_loop_without_ranges = no_ranges_in_loops(ArtifactKind.KERAS)


def _loops_stay(facts: Facts, request: Request) -> Iterator[Reason]:
    """A loop that is kept can't be calibrated, which 16x8 asks for; another route unrolls it."""
    if request.goal is not None and request.goal.kind == ArtifactKind.TFLITE_INT16X8:
        yield from _loop_without_ranges(facts, request)


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
    requires=(*REQUIRES, _loops_stay),
    options=SAMPLE_OPTIONS | {"trust_code"},
    cost=12.0,
)
