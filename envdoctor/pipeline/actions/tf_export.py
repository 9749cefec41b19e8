"""Keras -> SavedModel with a batch of one, for a converter that can't read the Keras file itself."""

from __future__ import annotations

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.tensorflow import export_saved_model
from envdoctor.stages.conversion import SAMPLE_OPTIONS
from envdoctor.stages.given import needs_sizes
from envdoctor.stages.requirements import config_unread, convertible_layers, known_operators, no_keras_2_functions

ACTION = Action(
    name="tf-export",
    title="export a SavedModel with Keras 3",
    consumes=frozenset({ArtifactKind.KERAS}),
    produces=ArtifactKind.SAVED_MODEL,
    run=export_saved_model,
    environment="tensorflow",
    requires=(
        needs_environment("tensorflow"),
        convertible_layers,
        known_operators,
        needs_sizes,
        no_keras_2_functions,
        config_unread,
    ),
    options=SAMPLE_OPTIONS | {"trust_code"},
    cost=11.0,
    unrolls=True,
)
