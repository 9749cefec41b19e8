"""Which gate judges what a stage made: that of whose product it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor import registry

if TYPE_CHECKING:
    from envdoctor.action import StageContext, StageOutput
    from envdoctor.core.artifact import Artifact


def judge(context: StageContext, artifact: Artifact, output: StageOutput) -> StageOutput:
    """Judge what a stage made; what is no compiler's product (a SavedModel on the way) passes as it is.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    product = registry.products().get(artifact.kind)
    if product is None:
        return output
    judged: StageOutput = product.gate(context, output)
    return judged
