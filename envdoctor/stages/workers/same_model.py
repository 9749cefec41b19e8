"""Proof that another form of a float model (exported, unrolled, prepared) still computes what the first one did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .arrays import InputSpec
    from .samples import Samples
    from .untyped import Array

    #: Runs a model on a batch of one: inputs by name in, outputs by name out.
    Predict = Callable[[Mapping[str, Array]], Mapping[str, Array]]

#: How far, as a share of the outputs' range, rounding may move them.
TOLERANCE = 1e-3
#: The same between mixed precision and float32.
CHANGED_TOLERANCE = 0.02
#: The same where the first form quantized its activations as it ran, and so was the less exact of the two.
HYBRID_TOLERANCE = 0.1
_COMPARED = 4
#: So many samples in one batch show whether they meet.
_BATCH = 3
_NUMBERS = "biuf"


def compare_forms(samples: Samples, first: Predict, second: Predict, what: str, tolerance: float = TOLERANCE) -> float:
    """The largest difference between two forms' outputs, as a share of the outputs' range, over a few samples.

    Raises:
        Problem: it is larger than `tolerance`: `what` changed the model; or the first form gives NaN or infinity.
    """
    import numpy as np

    largest = 0.0
    few = samples.at_most(_COMPARED)
    for sample in few.one_by_one():
        given = second(sample)
        for name, value in first(sample).items():
            if not np.isfinite(value).all():
                raise Problem(
                    "float-model-not-finite",
                    f"the float model itself gives NaN or infinity (output '{name}'); check its weights and the "
                    "samples' range.",
                )
            largest = max(largest, _difference(value, given[name]))
    if largest > tolerance:
        require_repeatable(few, first)
        require_repeatable(few, second)
        raise Problem("model-changed", f"{what} changed the model: its outputs differ by {largest:.2g} of their range.")
    return largest


def require_single(inputs: Sequence[InputSpec], samples: Samples, whole: Predict, single: Predict) -> None:
    """Prove that a model for exactly so many samples at once gives each the same answer when it is asked alone.

    Only then may its batch be made one. A model for any number, or for one, needs no proof.

    Raises:
        Problem: it does not, or it can't be asked for one.
    """
    import numpy as np

    batches = {spec.shape[0] for spec in inputs if spec.shape}
    count = max((size for size in batches if size is not None), default=1)
    if count == 1:
        return
    chosen: Array = np.arange(count) % samples.count
    together = replace(samples, inputs={name: array[chosen] for name, array in samples.inputs.items()}, labels=None)
    try:
        expected = whole(together.inputs)
        alone = [single(sample) for sample in together.one_by_one()]
    except Exception as error:  # noqa: BLE001  (whatever a framework raises: ONNX Runtime has classes of its own)
        raise Problem("batch-computed-across", f"{_for_one(count)} it can't be asked for one alone: {error}") from None
    for name, value in expected.items():
        given = np.concatenate([np.atleast_1d(answer[name]) for answer in alone])
        if given.shape != np.shape(value) or _difference(value, given) > TOLERANCE:
            raise Problem(
                "batch-computed-across",
                f"{_for_one(count)} it computes across them: asked for one alone, its output '{name}' is another.",
            )


def influence(samples: Samples, together: Predict, alone: Predict) -> str:
    """Whether the samples of a batch change each other's answers (batch statistics, attention over the wrong axis).

    Args:
        samples: what the model is asked.
        together: answers several samples at once.
        alone: answers one.

    Returns:
        The output that changes most, in words; empty if none does, or the model can't be asked for several.
    """
    import numpy as np

    few = samples.at_most(_BATCH)
    try:
        expected = together(few.inputs)
        answers = [alone(sample) for sample in few.one_by_one()]
    except Exception:  # noqa: BLE001  (whatever a framework raises: a model that takes no batch proves nothing)
        return ""
    largest, words = TOLERANCE, ""
    for name, value in expected.items():
        given = np.concatenate([np.atleast_1d(answer[name]) for answer in answers])
        comparable = np.asarray(value).dtype.kind == "f" and given.shape == np.shape(value) and few.count > 1
        difference = _difference(value, given) if comparable else 0.0
        if np.isfinite(difference) and difference > largest:
            largest, words = difference, f"its output '{name}' moves by {difference:.2g} of its range"
    return words


def _for_one(count: int) -> str:
    return f"the model takes {count} samples at once, and"


def require_repeatable(samples: Samples, predict: Predict) -> None:
    """Ask a model the same twice: nothing can be compared with one that draws random numbers or keeps a state.

    Raises:
        Problem: it gives two answers.
    """
    import numpy as np

    sample = next(iter(samples.one_by_one()))
    before = predict(sample)
    for name, value in predict(sample).items():
        first = np.asarray(before[name])
        comparable = first.dtype.kind in _NUMBERS and first.size and np.isfinite(first).all()
        difference = _difference(first, value) if comparable else 0.0
        if difference > TOLERANCE:
            raise Problem(
                "not-repeatable",
                f"the model gives two answers to the same input (output '{name}', {difference:.2g} of its range), "
                "as it draws random numbers or keeps a state between calls.",
            )


def _difference(expected: Array, given: Array) -> float:
    import numpy as np

    span = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    difference = np.abs(np.asarray(given, dtype="float64") - np.asarray(expected, dtype="float64"))
    largest = float(np.max(difference, initial=0.0)) / span
    return largest if np.isfinite(largest) else float("inf")
