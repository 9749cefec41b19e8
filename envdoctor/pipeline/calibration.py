"""Calibration and evaluation samples, held against the model before anything is started."""

from __future__ import annotations

import array
import math
import sys
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources import model_inputs
from envdoctor.stages.workers.arrays import LABELS, NUMBERS, StoredArray, assign, read_header, stored_arrays
from envdoctor.stages.workers.stage import Problem
from envdoctor.support.bounded import open_zip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envdoctor.core.request import Request
    from envdoctor.stages.workers.arrays import InputSpec

#: Bytes of samples that are looked at here; the worker looks at all that it uses.
_LOOKED_AT = 64 << 20
_CHUNK = 1 << 20
#: Types of the `array` module by bytes of a floating-point element.
_FLOATS = {4: "f", 8: "d"}


def check_samples(request: Request, option: str = "--calibration") -> None:
    """Hold the samples that a request names against its source; `option` is what the user named them by.

    Raises:
        UsageProblem: they can't be read, don't fit the model's inputs, or hold NaN or infinity.
    """
    if request.source is None:
        return
    inputs = model_inputs(request.source)
    for path, named in ((request.options.calibration, option), (request.options.evaluation, "--evaluate")):
        if path is None:
            continue
        try:
            _check(path, inputs, labelled=named == "--evaluate")
        except Problem as problem:
            raise UsageProblem(f"{named}: {problem.message}") from None
        except Unreadable as error:
            raise UsageProblem(f"{named}: {error}; give other samples.") from None


def _check(path: Path, inputs: Sequence[InputSpec] | None, *, labelled: bool) -> None:
    arrays = stored_arrays(path)
    if any(one.member is not None for one in arrays):
        with open_zip(path):  # which refuses what would unpack to far too much: the stage reads whole arrays
            pass
    labels = next((one for one in arrays if one.name == LABELS and one.member is not None), None)
    if labelled and labels is None:
        raise Problem(
            "evaluation-without-labels", f"{path} has no array 'y'; give an .npz file with 'x' and class numbers 'y'."
        )
    used = arrays
    if inputs is not None:
        parts = assign(arrays, inputs)
        used = tuple(part.array for found in parts.values() for part in found)
        if labelled and labels is not None:
            _check_labels(labels, sum(part.samples for part in next(iter(parts.values()))))
    for one in used:
        _refuse_nan(one)


def _check_labels(labels: StoredArray, samples: int) -> None:
    """Refuse labels that can't be class numbers by their shape or element type."""
    shape = labels.header.shape
    if not shape or shape[0] != samples:
        raise Problem(
            "evaluation-without-labels",
            f"{labels.label} has the shape {shape}; give one class number for each of the {samples} samples.",
        )
    if labels.header.kind not in NUMBERS:
        raise Problem(
            "evaluation-without-labels",
            f"{labels.label} has the element type {labels.header.descr}; give class numbers, counted from 0.",
        )


def _refuse_nan(stored: StoredArray) -> None:
    """Refuse an array with NaN or infinity; float16 and what lies beyond the first megabytes is left to the worker."""
    code = _FLOATS.get(stored.header.item) if stored.header.kind == "f" else None
    if code is None:
        return
    with stored.open() as stream:
        read_header(stream, stored.label)
        left = min(stored.header.count * stored.header.item, _LOOKED_AT)
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            values = array.array(code)
            values.frombytes(chunk[: len(chunk) // values.itemsize * values.itemsize])
            if stored.header.descr.startswith(">") == (sys.byteorder == "little"):
                values.byteswap()
            if not math.isfinite(sum(values)):
                raise Problem("calibration-not-finite", f"{stored.label} holds NaN or infinity; remove those samples.")
