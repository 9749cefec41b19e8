"""PyTorch -> float .tflite with the channels last, by torch.export and litert-torch."""

from __future__ import annotations

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.torch import OF_THE_MODEL, OPTIONS, convert_with_torch
from envdoctor.stages.foreseen import runs_in_litert
from envdoctor.stages.given import needs_inputs, needs_sizes
from envdoctor.stages.torch import needs_cpu_build, tell_code

ACTION = Action(
    name="torch-float",
    title="export with PyTorch and convert to a float .tflite",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2, ArtifactKind.ONNX}),
    produces=ArtifactKind.TFLITE_FLOAT,
    run=convert_with_torch,
    environment="torch",
    requires=(
        needs_environment("torch"),
        needs_cpu_build("torch"),
        needs_inputs,
        needs_sizes,
        runs_in_litert,
        *OF_THE_MODEL,
    ),
    options=OPTIONS,
    tool=tell_code,
    cost=40.0,
)
