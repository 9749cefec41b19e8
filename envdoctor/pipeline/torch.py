"""What the actions that start from PyTorch have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.pipeline.sources import onnx
from envdoctor.stages.conversion import SAMPLE_OPTIONS, convert
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.torch import with_components, worker_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.action import StageContext
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

OPTIONS = SAMPLE_OPTIONS | {"trust_code", "inputs", "keep_layout"}
_SHOWN = 5
#: Kinds that only a file with composites leads to.
_NEEDS_COMPOSITES = frozenset({"tflite-custom-ops"})


def convert_with_torch(context: StageContext, *, composites: bool = False) -> StageOutput:
    """Run the PyTorch worker; a failure shows how far the model got.

    Args:
        context: the stage's.
        composites: True to keep operators of the model's own as composites.

    Raises:
        StageFailed: it failed.
    """
    goal = context.request.goal
    request = worker_request(context) | {
        "keep_layout": context.request.options.keep_layout,
        "composites": composites or (goal is not None and goal.kind in _NEEDS_COMPOSITES),
    }
    try:
        return convert(context, "torch_convert", "float", request)
    except StageFailed as failure:
        raise with_components(failure, context.folder / "components.json") from None


def converted_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """Operators of an ONNX model that onnx2torch has no converter for."""
    source = request.source
    if source is None or source.kind != ArtifactKind.ONNX:
        return
    known: list[str] = load_table("onnx-operators")["onnx2torch"]
    unknown = sorted(onnx.read_onnx(source.path, source.given).operators.difference(known))
    if unknown:
        kind = problem_kinds()["onnx-operator-unknown"]
        text = f"onnx2torch has no form of {', '.join(unknown[:_SHOWN])}"
        yield Reason(verdict=Verdict.BLOCKED, text=text, fix=Fix(text=kind.fix), code=kind.code)
