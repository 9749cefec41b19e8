"""How far a compiled file's outputs are from its model's: numbers for the gate of its compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import items, reference
from .accuracy import accuracy_of
from .litert_compare import compare, evaluated
from .samples import as_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .arrays import InputSpec
    from .same_model import Predict
    from .samples import Samples
    from .untyped import Array

    #: What answers, and what it is, in words.
    Runner = tuple[Predict, str]


def compare_runs(model: Runner, made: Runner, samples: Samples, labelled: Samples | None = None) -> dict[str, object]:
    """Run both on the samples.

    Returns:
        `comparison`: by what and on what, and the measures of each output (`litert_compare.compare`), with those on
        the evaluation samples; `accuracy` where these have labels.

    Raises:
        Problem: the model itself gives NaN, or two answers to the same input.
    """
    expected = reference.make(*model, samples, labelled)
    answers = reference.outputs_of(made[0], expected.calibration.samples)
    outputs = [_measures(name, value, answers[name]) for name, value in expected.calibration.outputs.items()]
    count = expected.calibration.samples.count
    compared = {"by": model[1], "ran": made[1], "samples": count, "random": samples.random, "outputs": outputs}
    if not samples.random:
        compared["evaluated"] = None
    values: dict[str, object] = {"comparison": compared}
    if labelled is not None and expected.evaluation is not None:
        given = reference.outputs_of(made[0], labelled)
        compared["evaluated"] = evaluated(expected.evaluation, given, {})
        values["accuracy"] = accuracy_of(expected.evaluation, given)
    return values


def answers_of(session: Any, inputs: Sequence[InputSpec]) -> Predict:  # noqa: ANN401  (an onnxruntime.InferenceSession)
    """What a session answers to a sample, by the names of its outputs."""
    names = [each.name for each in session.get_outputs()]
    return lambda sample: dict(zip(names, session.run(None, as_batch(sample, inputs)), strict=True))


def _measures(name: str, expected: Array, given: Array) -> Mapping[str, object]:
    if expected.dtype.kind != "f":
        return items.compare_labels(name, expected, given)
    return {**compare(name, expected, given), "lost": None, "drowned": None, "flat": None}
