"""What the actions that convert with TensorFlow have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.finding import Evidence
from envdoctor.pipeline.sources.keras_config import names
from envdoctor.pipeline.sources.saved_model import LEARNT, read_saved_model
from envdoctor.stages.conversion import convert
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from envdoctor.action import StageContext


def convert_with_tensorflow(context: StageContext, to: str, *, unroll: bool = False) -> StageOutput:
    """Run the TensorFlow worker.

    Args:
        context: the stage's.
        to: `saved-model`, `float` or `int8`.
        unroll: True to unroll recurrent layers first.

    Raises:
        StageFailed: it failed.
    """
    _refuse_program(context)
    is_keras = context.source.kind == ArtifactKind.KERAS
    request = {
        "kind": "keras" if is_keras else "saved-model",
        "names": names() if is_keras else {},
        "trust_code": context.request.options.trust_code,
        # What an earlier stage exported has the chosen signature alone, under another name.
        "signature": context.request.options.signature if context.source == context.request.source else None,
        "to": to,
        "learnt_ranges": _has_learnt_ranges(context),
        "unroll": unroll,
    }
    return convert(context, "tf_convert", to, request)


def export_saved_model(context: StageContext) -> StageOutput:
    """Export with a batch of one, recurrent layers unrolled: int8 conversions crash on a loop."""
    return convert_with_tensorflow(context, "saved-model", unroll="recurrent" in context.source.traits)


def _has_learnt_ranges(context: StageContext) -> bool:
    """True if the model of the route keeps the ranges that it was trained with: an export has them as well."""
    source = context.request.source
    return source is not None and LEARNT in source.traits


def _refuse_program(context: StageContext) -> None:
    """Look at a SavedModel again as it is now, before it is loaded.

    Raises:
        StageFailed: it does what is not trusted.
    """
    if context.source.kind != ArtifactKind.SAVED_MODEL or context.request.options.trust_code:
        return
    effects = read_saved_model(context.source.path).effects
    if effects:
        path = context.source.path
        evidence = (Evidence(source=str(path / "saved_model.pb"), excerpt="; ".join(effects)),)
        words = f"{path.name} holds {'; '.join(effects)}: running it would do that, so it was not loaded."
        raise StageFailed(finding("code-not-trusted", path.name, evidence, words=words))
