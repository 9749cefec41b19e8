"""PyTorch -> float .tflite in which operators of the model's own stay composites, which LiteRT runs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.sources import pt2
from envdoctor.pipeline.torch import OPTIONS, convert_with_torch, needs_cpu_build, tell_code
from envdoctor.stages.requirements import needs_inputs, needs_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts


def _has_own_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """Of a factory only its exported graph tells whether it has operators of its own; an archive says it."""
    source = request.source
    if source is None or source.kind != ArtifactKind.PT2:
        words = "whether the model has operators of its own, which this route keeps, only its exported graph tells"
        yield Reason(verdict=Verdict.UNKNOWN, text=words)
    elif pt2.OWN_OPERATORS not in source.traits:
        yield Reason(verdict=Verdict.BLOCKED, text="the model has no operator of its own, which this route is for")


ACTION = Action(
    name="torch-composite",
    title="convert with PyTorch, operators of the model's own kept as composites",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2}),
    produces=ArtifactKind.TFLITE_FLOAT,
    run=functools.partial(convert_with_torch, composites=True),
    environment="torch",
    requires=(needs_environment("torch"), needs_cpu_build, needs_inputs, needs_sizes, _has_own_operators),
    goals=frozenset({"litert"}),
    options=OPTIONS,
    tool=tell_code,
    cost=45.0,
)
