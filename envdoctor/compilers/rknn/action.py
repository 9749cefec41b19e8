"""ONNX -> .rknn, by rknn-toolkit2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.compilers.rknn.chips import chip_of
from envdoctor.core.artifact import OPSET, ArtifactKind
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment, needs_permission
from envdoctor.stages.conversion import compile_by_worker
from envdoctor.stages.given import needs_samples, needs_sizes
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.requirements import no_foreign_operators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

ENVIRONMENT = "rknn"
_NEWEST_OPSET = 19
_TASK = Path(__file__).resolve().parent / "workers" / "build_model.py"
_BRINGS = "rknn-toolkit2 2.5.0 brings torch 2.2.0 with CUDA, numpy 1.26.4 and onnx 1.18.0 along"


def run(context: StageContext) -> StageOutput:
    """Compile for the goal's chip: in int8 with samples, else in float16.

    Raises:
        StageFailed: it failed.
    """
    request = {"quantized": "quantized" in context.source.traits, "chip": chip_of(context.request.accelerator).target}
    return compile_by_worker(context, _TASK, ".rknn", request)


def needs_integers(facts: Facts, request: Request) -> Iterator[Reason]:
    """A chip that computes no floats needs samples, but for a model that is quantized already."""
    if not chip_of(request.accelerator).floats and (request.source is None or "quantized" not in request.source.traits):
        yield from needs_samples(facts, request)


def needs_older_opset(_: Facts, request: Request) -> Iterator[Reason]:
    """The toolkit refuses what is newer than it knows, after all of it was fetched."""
    traits = frozenset() if request.source is None else request.source.traits
    newest = max((int(one.removeprefix(OPSET)) for one in traits if one.startswith(OPSET)), default=0)
    if newest > _NEWEST_OPSET:
        yield Reason(
            verdict=Verdict.FIXABLE,
            text=f"the model is in opset {newest}, and rknn-toolkit2 2.5 refuses what is newer than {_NEWEST_OPSET}",
            fix=Fix(
                text=f"Export it in opset {_NEWEST_OPSET} (`torch.onnx.export(..., opset_version={_NEWEST_OPSET})`)."
            ),
            code=problem_kinds()["rknn-refused"].code,
        )


ACTION = Action(
    name="rknn",
    title="compile for Rockchip's NPU with rknn-toolkit2",
    consumes=frozenset({ArtifactKind.ONNX}),
    produces="rknn",
    run=run,
    environment=ENVIRONMENT,
    requires=(
        needs_environment(ENVIRONMENT),
        needs_permission(ENVIRONMENT, _BRINGS),
        needs_sizes,
        needs_integers,
        needs_older_opset,
        no_foreign_operators,
    ),
    goals=frozenset({"rknn"}),
    options=frozenset({"calibration", "random_calibration", "evaluation", "inputs", "require_mapped", "thresholds"}),
    cost=40.0,
)
