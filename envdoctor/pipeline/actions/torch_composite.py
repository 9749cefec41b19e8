"""PyTorch -> float .tflite in which operators of the model's own stay composites, which LiteRT runs."""

from __future__ import annotations

import functools

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.torch import OPTIONS, convert_with_torch, has_lowerings, was_exported
from envdoctor.stages.given import needs_inputs, needs_sizes
from envdoctor.stages.requirements import has_own_operators, needs_operators
from envdoctor.stages.torch import needs_cpu_build, tell_code

ACTION = Action(
    name="torch-composite",
    title="convert with PyTorch, operators of the model's own kept as composites",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2}),
    produces=ArtifactKind.TFLITE_FLOAT,
    run=functools.partial(convert_with_torch, composites=True),
    environment="torch",
    requires=(
        needs_environment("torch"),
        needs_cpu_build("torch"),
        needs_inputs,
        needs_sizes,
        was_exported,
        has_own_operators,
        needs_operators,
        functools.partial(has_lowerings, composites=True),
    ),
    goals=frozenset({"litert"}),
    options=OPTIONS,
    tool=tell_code,
    cost=45.0,
)
