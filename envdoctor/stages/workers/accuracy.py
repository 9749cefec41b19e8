"""How many evaluation samples two models are right about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .assignment import require_class_numbers
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import reference
    from .untyped import Array


def accuracy_of(evaluation: reference.Answers, given: Mapping[str, Array]) -> Mapping[str, object] | None:
    """Accuracy of the first output that can name a class, of the float model and of the one that gave these answers.

    None for samples without labels.

    Raises:
        Problem: no output names a class, or not those of the labels.
    """
    labels = evaluation.samples.labels
    if labels is None:
        return None
    for name, value in evaluation.outputs.items():
        middle = 0.5 if value.min(initial=0) >= 0 and value.max(initial=0) <= 1 else 0.0  # of a probability, of a logit
        predicted, float_predicted = _classes(given[name], len(labels), middle), _classes(value, len(labels), middle)
        if predicted is not None and float_predicted is not None:
            classes = 2 if value.size == len(labels) else value.size // len(labels)
            require_class_numbers(labels.min(initial=0), labels.max(initial=0), classes, f"output {name}")
            return {
                "samples": len(labels),
                "output": name,
                "float": float((float_predicted == labels).mean()),
                "int8": float((predicted == labels).mean()),
                "commonest": _commonest(labels),
            }
    raise Problem("evaluation-without-labels", "no output of the model gives one class for each sample.")


def _commonest(labels: Array) -> float:
    """The share of the class that most samples have: what a model gets right that always names it."""
    import numpy as np

    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def _classes(values: Array, count: int, middle: float) -> Array | None:
    """The class of each sample: the largest of several values, or if one is over `middle`; None if it is neither."""
    flat = values.reshape(len(values), -1)
    if len(flat) != count or values.size != count * values.shape[-1]:
        return None
    return flat.argmax(axis=1) if flat.shape[1] > 1 else (flat[:, 0] > middle).astype(int)
