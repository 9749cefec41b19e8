"""The same with the build of PyTorch that brings CUDA along, where no other is to be had; only if it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import Action, Place
from envdoctor.core.artifact import ArtifactKind
from envdoctor.environments.status import State
from envdoctor.facts.environments import needs_environment, needs_permission
from envdoctor.pipeline.torch import OF_THE_MODEL, OPTIONS, convert_with_torch
from envdoctor.stages.given import needs_inputs, needs_sizes
from envdoctor.stages.torch import cpu_build_is_there, tell_code

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

_NAME = "torch-cuda"
_PERMISSION = needs_permission(_NAME, "this build of PyTorch comes with CUDA")


def _makes_sense(facts: Facts, request: Request) -> bool:
    """Where the other environment can't be made, and this one can."""
    status = facts.environments.status(_NAME)
    return status.state is not State.IMPOSSIBLE and not cpu_build_is_there(facts, request, "torch")


ACTION = Action(
    name="torch-cuda-float",
    title="export with PyTorch (CUDA build) and convert to a float .tflite",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2, ArtifactKind.ONNX}),
    produces=ArtifactKind.TFLITE_FLOAT,
    run=convert_with_torch,
    environment=_NAME,
    requires=(needs_environment(_NAME), _PERMISSION, needs_inputs, needs_sizes, *OF_THE_MODEL),
    places=(Place(applies=_makes_sense),),
    options=OPTIONS,
    tool=tell_code,
    cost=200.0,
)
