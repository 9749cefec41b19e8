"""Keras with recurrent layers -> float .tflite without loops: the LiteRT quantizer finds no ranges in one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.pipeline.actions import tf_float
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.requirements import has_trait

if TYPE_CHECKING:
    from envdoctor.action import StageContext, StageOutput


def run(context: StageContext) -> StageOutput:
    """Unroll, prove that the outputs stay the same, export with a batch of one, then convert as it is."""
    return convert_with_tensorflow(context, "float", unroll=True)


ACTION = dataclasses.replace(
    tf_float.ACTION,
    name="tf-unrolled-float",
    title="unroll recurrent layers and convert to a float .tflite with TensorFlow",
    consumes=frozenset({ArtifactKind.KERAS}),
    run=run,
    requires=tf_float.REQUIRES,
    applies=has_trait("recurrent"),
    goals=frozenset({"litert"}),
    cost=14.0,
    unrolls=True,
)
