"""A file of Keras 2 -> SavedModel with a batch of one, by the Keras that reads it best."""

from __future__ import annotations

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import export_saved_model
from envdoctor.stages.conversion import SAMPLE_OPTIONS
from envdoctor.stages.given import needs_sizes
from envdoctor.stages.requirements import all_unrollable, convertible_layers, has_trait

ACTION = Action(
    name="keras2-export",
    title="export a SavedModel with Keras 2",
    consumes=frozenset({ArtifactKind.KERAS}),
    produces=ArtifactKind.SAVED_MODEL,
    run=export_saved_model,
    environment="tensorflow-2.15",
    requires=(needs_environment("tensorflow-2.15"), needs_sizes, convertible_layers, all_unrollable),
    applies=has_trait("keras-2"),
    options=SAMPLE_OPTIONS | {"trust_code"},
    cost=13.0,
    unrolls=True,
)
