"""ONNX -> float .tflite by onnx2tf, without PyTorch; the only way for what onnx2torch does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.pipeline.torch import OPTIONS, known_operators
from envdoctor.stages.conversion import convert
from envdoctor.stages.given import needs_sizes
from envdoctor.stages.torch import with_components, worker_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

_NAME = "onnx2tf"


def run(context: StageContext) -> StageOutput:
    """Convert, and hold the result against ONNX Runtime.

    Raises:
        StageFailed: it failed; shows how far the model got.
    """
    try:
        return convert(context, "onnx_direct", "float", worker_request(context))
    except StageFailed as failure:
        raise with_components(failure, context.folder / "components.json") from None


def _turns_outputs(_: Facts, request: Request) -> Iterator[Reason]:
    if request.options.keep_layout:
        yield Reason(
            verdict=Verdict.BLOCKED, text="onnx2tf returns maps with the channels last, and --keep-layout was asked"
        )


ACTION = Action(
    name="onnx2tf-float",
    title="convert with onnx2tf to a float .tflite",
    consumes=frozenset({ArtifactKind.ONNX}),
    produces=ArtifactKind.TFLITE_FLOAT,
    run=run,
    environment=_NAME,
    requires=(
        needs_environment(_NAME),
        needs_sizes,
        known_operators(_NAME, "onnx2tf-operator-unknown"),
        _turns_outputs,
    ),
    options=OPTIONS,
    cost=60.0,
)
