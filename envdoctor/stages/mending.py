"""Mend a .tflite file in the LiteRT environment: which mends a reader needs, and the worker that applies them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.stages.processes import run_worker
from envdoctor.stages.workers.mends import dense_scale
from envdoctor.stages.workers.mends.catalogue import MENDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from envdoctor.action import StageContext

ENVIRONMENT = "litert"


def mends_for(*, one_scale: bool, more: Sequence[str] = ()) -> tuple[str, ...]:
    """The mends for a reader, in their order.

    Args:
        one_scale: True if it computes dense layers with a scale for each output wrong, or nobody knows.
        more: names of mends that are wanted beside what is wrong in itself.
    """
    return tuple(
        mend.name
        for mend in MENDS
        if mend.name in more or (not mend.on_demand and (one_scale or mend is not dense_scale.MEND))
    )


def mend(
    context: StageContext,
    output: Path,
    names: Sequence[str],
    asked: Sequence[str],
    reference: Path | None = None,
) -> Mapping[str, Any]:
    """Apply mends to the stage's source, each proven on random samples and on the request's.

    Args:
        context: the stage's; its `python` is that of ENVIRONMENT.
        output: where the mended file goes; it is not there afterwards if nothing was mended.
        names: of the mends that may be applied.
        asked: of those that may move outputs further, as they were asked for or nothing can be had without them.
        reference: a folder for the answers of the file before, or None.

    Returns:
        What the worker tells; see `envdoctor.stages.workers.mend`.

    Raises:
        StageFailed: the file can't be run.
    """
    options = context.request.options
    values: Mapping[str, Any] = run_worker(
        context,
        "mend",
        {
            "source": context.source.path.resolve(),
            "output": output,
            "mends": list(names),
            "asked": list(asked),
            "samples": None if options.calibration is None else options.calibration.resolve(),
            "evaluation": None if options.evaluation is None else options.evaluation.resolve(),
            "reference": reference,
        },
    )
    return values
