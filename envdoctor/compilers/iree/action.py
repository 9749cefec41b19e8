"""ONNX or .tflite -> .vmfb, by IREE."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.compilers.iree.targets import target_of
from envdoctor.core.artifact import OPERATOR, ArtifactKind
from envdoctor.core.data import load_file
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import compile_by_worker
from envdoctor.stages.given import needs_sizes
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.requirements import no_foreign_operators, no_refused_operators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

ENVIRONMENT = "iree"
_FOLDER = Path(__file__).resolve().parent
_TASK = _FOLDER / "workers" / "compile_module.py"


def _known_operators(facts: Facts, request: Request) -> Iterator[Reason]:
    """None that iree-compile was seen to refuse in every form, or whose code fails for some inputs."""
    table = load_file(_FOLDER / "operators.toml")
    yield from no_refused_operators("IREE 3.13", table["refused"], "iree-refused")(facts, request)
    traits = frozenset() if request.source is None else request.source.traits
    for name, words in table["in_part"].items():
        if f"{OPERATOR}{name}" in traits:
            code = problem_kinds()["iree-does-not-run"].code
            yield Reason(verdict=Verdict.UNKNOWN, text=f"{name}, as IREE 3.13 compiles it: {words}", code=code)


def run(context: StageContext) -> StageOutput:
    """Compile for the goal's target, and run the result here where it can.

    Raises:
        StageFailed: it failed.
    """
    target = dataclasses.asdict(target_of(context.request.accelerator))
    is_onnx = context.source.kind == ArtifactKind.ONNX
    return compile_by_worker(context, _TASK, ".vmfb", {"is_onnx": is_onnx, "target": target})


ONNX = Action(
    name="iree-from-onnx",
    title="compile with IREE, from ONNX",
    consumes=frozenset({ArtifactKind.ONNX}),
    produces="iree",
    run=run,
    environment=ENVIRONMENT,
    requires=(needs_environment(ENVIRONMENT), needs_sizes, no_foreign_operators, _known_operators),
    goals=frozenset({"iree"}),
    options=frozenset({"calibration", "random_calibration", "evaluation", "inputs", "thresholds"}),
    cost=15.0,
)
TFLITE = Action(
    name="iree-from-tflite",
    title="compile with IREE, from .tflite by TOSA",
    consumes=frozenset({ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_FLOAT}),
    produces="iree",
    run=run,
    environment=ENVIRONMENT,
    requires=(needs_environment(ENVIRONMENT),),
    goals=frozenset({"iree"}),
    options=frozenset({"calibration", "random_calibration", "evaluation", "thresholds"}),
    cost=15.0,
)
