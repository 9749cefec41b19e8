"""What the float model answers to some samples: written beside a stage's product, read when the int8 model is judged.

A reference folder holds `reference.json` (the names that `input_0...` and `output_0...` stand for), `calibration.npz`
with these arrays, and, where evaluation samples were given, `evaluation.npz`, with `labels` in
addition if they have any. A stage that moved the axes of inputs leaves `samples.npz` there, for the stages after it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .same_model import require_repeatable
from .samples import Samples
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .same_model import Predict
    from .untyped import Array

#: How many samples the comparison looks at.
COMPARED = 100
INDEX = "reference.json"
#: All samples, by the names and in the order of axes that the stage's product takes, where these are not the user's.
SAMPLES = "samples.npz"


@dataclass(frozen=True)
class Answers:
    """Samples, and a model's outputs for each of them, by name."""

    samples: Samples
    outputs: Mapping[str, Array]


@dataclass(frozen=True)
class Reference:
    """What a reference folder holds.

    Attributes:
        by: what computed the outputs.
        calibration: answers to calibration samples.
        evaluation: answers to evaluation samples; None if there are none.
    """

    by: str
    calibration: Answers
    evaluation: Answers | None = None


def outputs_of(predict: Predict, samples: Samples) -> dict[str, Array]:
    """Run a model on samples, one by one."""
    import numpy as np

    collected: dict[str, list[Array]] = {}
    for sample in samples.one_by_one():
        for name, value in predict(sample).items():
            collected.setdefault(name, []).append(np.atleast_1d(value))
    return {name: np.concatenate(values) for name, values in collected.items()}


def answer(predict: Predict, samples: Samples) -> Answers:
    """What a float model answers to samples.

    Raises:
        Problem: its outputs hold NaN or infinity: nothing could be compared with them.
    """
    import numpy as np

    outputs = outputs_of(predict, samples)
    for name, value in outputs.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise Problem(
                "float-model-not-finite",
                f"the float model itself gives NaN or infinity for the calibration samples (output '{name}'); "
                "check its weights and the samples' range.",
            )
    return Answers(samples, outputs)


def make(predict: Predict, by: str, samples: Samples, labelled: Samples | None) -> Reference:
    """Answers to the calibration samples, and to those that have labels.

    Raises:
        Problem: there is nothing that could be compared with them; see `answer` and `require_repeatable`.
    """
    require_repeatable(samples, predict)
    evaluation = None if labelled is None else answer(predict, labelled)
    return Reference(by, answer(predict, samples.at_most(COMPARED)), evaluation)


def write(folder: Path, reference: Reference) -> None:
    """Write a reference folder, made here."""
    import numpy as np

    folder.mkdir(exist_ok=True)
    samples, outputs = reference.calibration.samples, reference.calibration.outputs
    index = {"by": reference.by, "inputs": list(samples.inputs), "outputs": list(outputs), "random": samples.random}
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    np.savez(folder / "calibration.npz", **_arrays(reference.calibration, index))
    if reference.evaluation is not None:
        labels = reference.evaluation.samples.labels
        known = {} if labels is None else {"labels": labels}
        np.savez(folder / "evaluation.npz", **known, **_arrays(reference.evaluation, index))


def read(folder: Path) -> Reference:
    """Read a reference folder."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    evaluation = folder / "evaluation.npz"
    return Reference(
        index["by"],
        _answers(folder / "calibration.npz", index),
        _answers(evaluation, index) if evaluation.is_file() else None,
    )


def _arrays(answers: Answers, index: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays by the numbers that the index gives their names, whatever order the answers have them in."""
    arrays = {f"input_{number}": answers.samples.inputs[name] for number, name in enumerate(index["inputs"])}
    return arrays | {f"output_{number}": answers.outputs[name] for number, name in enumerate(index["outputs"])}


def _answers(file: Path, index: Mapping[str, Any]) -> Answers:
    import numpy as np

    with np.load(file, allow_pickle=False) as archive:
        inputs = {name: archive[f"input_{number}"] for number, name in enumerate(index["inputs"])}
        outputs = {name: archive[f"output_{number}"] for number, name in enumerate(index["outputs"])}
        labels = archive.get("labels", None)
    return Answers(Samples(inputs, labels, index["random"]), outputs)
