"""PyTorch -> .tflite in which operators of the model's own stay calls of the runtime: shown, and blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.pipeline.torch import OPTIONS, convert_with_torch
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.requirements import has_own_operators
from envdoctor.stages.torch import tell_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts


def has_a_runtime(_: Facts, request: Request) -> Iterator[Reason]:
    """What RUN168 says, before anything is converted."""
    del request
    kind = problem_kinds()["torch-custom-call"]
    text = "no interpreter of .tflite files has functions to call, and converters leave an empty file"
    yield Reason(verdict=Verdict.BLOCKED, text=text, fix=Fix(text=kind.fix), code=kind.code)


ACTION = Action(
    name="torch-custom-call",
    title="convert with PyTorch, operators of the model's own left as stablehlo.custom_call",
    consumes=frozenset({ArtifactKind.TORCH, ArtifactKind.PT2}),
    produces="tflite-custom-ops",
    run=convert_with_torch,
    environment="torch",
    requires=(has_own_operators, has_a_runtime),
    goals=frozenset({"litert"}),
    options=OPTIONS,
    tool=tell_code,
    cost=45.0,
)
