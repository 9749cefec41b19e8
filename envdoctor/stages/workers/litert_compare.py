"""Task: compare an int8 .tflite file with the float model's answers, in the LiteRT interpreter.

Request: `model`, `reference` (a folder, see the module of that name). The result holds numbers only; judging them is
the gate's business.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import channels, items, litert_run, reference, signals, unseen
from .accuracy import accuracy_of
from .assignment import as_argument, only_ways
from .stage import Problem
from .tflite_graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .samples import Samples
    from .untyped import Array, Number

    Kind = tuple[int, ...]

#: An output that moves by less than this share of its largest value over all samples says nearly the same to all.
_STILL = 0.05
#: Differences are measured against the output's range, or this share of its largest value where the range is less.
_NARROWEST = 0.1
#: A cosine or a share below this makes it worth a look where the difference comes from.
_NEAR = 0.98
#: So is an error of more than this share of what an output moves by.
_NOISY = 0.5
#: So many values may be tied for the largest, of a thousand as of fifty.
_TIED = 5
#: Kinds of numbers that name something.
_WHOLE = "iub"
_NO_PARTS = {"lost": None, "drowned": None, "flat": None}


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    expected = reference.read(Path(request["reference"]))
    data = Path(request["model"]).read_bytes()
    runner = _open(data)
    inputs = pair(_kinds(expected.calibration.samples.inputs), _details(runner.inputs), "inputs")
    wanted = expected.calibration.outputs
    outputs = pair(_kinds(wanted), _details(runner.outputs), "outputs", interchangeable=_interchangeable(wanted))
    given = _answers(runner, expected.calibration, inputs, outputs)
    steps = {name: float(runner.outputs[outputs[name]]["quantization"][0]) for name in outputs}
    graph = Graph(data)
    chosen = signals.chosen_outputs(graph)
    count = expected.calibration.samples.count
    compared: dict[str, dict[str, Any]] = {}
    both = {name: _side_by_side(name, value, given[name], count) for name, value in wanted.items()}
    picked = [name for name in both if int(runner.outputs[outputs[name]]["index"]) in chosen]
    found = items.find_chosen(*({name: both[name][which] for name in picked} for which in (0, 1)))
    for name, answers in both.items():
        index = int(runner.outputs[outputs[name]]["index"])
        one = _measures(name, *answers, steps[name], found if name in picked else None)
        if one["flat"] and signals.is_bounded(graph, index):
            one["flat"] = None  # the step is the operator's: it is the samples that hardly move it
        others = None if expected.calibration.samples.random or one.get("of") else unseen.clipped(answers[0])
        one["clipped"] = None if others is None else compare(name, answers[0], others, steps[name])
        compared[name] = one
    together = items.compare_together({name: both[name] for name in picked}, found)
    values: dict[str, object] = {
        "by": expected.by,
        "samples": expected.calibration.samples.count,
        "random": expected.calibration.samples.random,
        "operators": sorted({graph.operator_name(operator) for operator in graph.main.operators}),
    }
    if signals.has_huge_step(graph) or any(one["lost"] or _looks_wrong(one) for one in compared.values()):
        carried = _measure(data, expected.calibration.samples.renamed(inputs))
        for name, one in compared.items():
            if one["lost"]:
                detail = runner.outputs[outputs[name]]
                one["lost"] = _lost(expected.calibration.outputs[name], given[name], carried, detail)
        values["swallowed"] = None if carried is None else signals.find_swallowed(carried)
        values["unread"] = _unread(runner, expected.calibration.samples.renamed(inputs))
    values["outputs"] = [*compared.values(), *(one for one in together if one["agreement"] < _NEAR)]
    if not expected.calibration.samples.random:
        values["evaluated"] = None
    if expected.evaluation is not None:
        answered = _answers(runner, expected.evaluation, inputs, outputs)
        values["evaluated"] = evaluated(expected.evaluation, answered, steps, picked)
        values["accuracy"] = accuracy_of(expected.evaluation, answered)
    return values


def evaluated(
    expected: reference.Answers, given: Mapping[str, Array], steps: Mapping[str, float], picked: Sequence[str] = ()
) -> Mapping[str, object]:
    """How far the outputs are apart on the evaluation samples, which calibrated nothing; sets of items left out."""
    sides = {
        name: _side_by_side(name, value, given[name], expected.samples.count)
        for name, value in expected.outputs.items()
        if name not in picked and value.dtype.kind not in _WHOLE
    }
    return {
        "samples": expected.samples.count,
        "outputs": [compare(name, *both, steps.get(name, 0.0)) for name, both in sides.items()],
    }


def _side_by_side(name: str, expected: Array, given: Array, count: int) -> tuple[Array, Array]:
    """An output of both models, with the samples along its first axis.

    Raises:
        Problem: they hold different numbers of things.
    """
    both = by_sample(expected, count), by_sample(given, count)
    if both[0].shape != both[1].shape:
        sizes = f"{list(expected.shape)} of the float model and {list(given.shape)} of this one"
        raise Problem("outputs-of-other-size", f"over {count} samples the output {name} has the shape {sizes}.")
    return both


def by_sample(values: Array, count: int) -> Array:
    """An output with the samples along its first axis, also where a sample's own first axis is no batch.

    What a top-k or NMS gives is often (boxes, 4) for one image: those of all images lie one after another then.
    """
    whole = len(values) > count > 0 and len(values) % count == 0
    return values.reshape(count, -1, *values.shape[1:]) if whole else values


def _measures(name: str, expected: Array, given: Array, step: float, chosen: items.Chosen | None) -> dict[str, Any]:
    """How far one output is from what the float model gave: by its places, or as a set of what was chosen."""
    if chosen is not None:
        as_set = items.compare_items(name, expected, given, chosen)
        sets = items.sorted_items(expected), items.sorted_items(given)
        return dict(as_set) if as_set is not None else dict(compare(name, *sets, step)) | _NO_PARTS
    if expected.dtype.kind in _WHOLE:
        return dict(items.compare_labels(name, expected, given))
    return {
        **compare(name, expected, given, step),
        "lost": channels.find_lost(expected, given, channels.Scale(step, joined=True)),  # a suspicion; see `_lost`
        "drowned": channels.drowned(expected, step),
        "flat": channels.find_flat(expected, given, step),
    }


def _open(data: bytes) -> litert_run.Runner:
    """The model, ready to run; without the default delegates if they refuse it."""
    try:
        return litert_run.open_model(data)
    except RuntimeError:
        return litert_run.Runner(litert_run.make_interpreter(data, delegates=False))


def _looks_wrong(one: Mapping[str, Any]) -> bool:
    """True if an output may be judged wrong, so that the cause is worth a look."""
    near = one["cosine"] is not None and one["cosine"] > _NEAR and one["difference"] is not None
    noisy = one.get("noisy") or (one.get("noise") is not None and one["noise"] > _NOISY)
    far = noisy or (one["agreement"] is not None and one["agreement"] < _NEAR)
    return one["constant"] or one["flat"] or not near or far


def _unread(runner: litert_run.Runner, samples: Samples) -> Mapping[str, object] | None:
    """The first input some of whose values lie within a step of it: what goes in wide beside them makes the step."""
    for name, detail in runner.inputs.items():
        step = float(detail["quantization"][0])
        if step:
            given = litert_run.dequantize(litert_run.quantize(samples.inputs[name], detail), detail)
            lost = channels.find_lost(samples.inputs[name], given, channels.Scale(step, joined=True))
            if lost and lost["certain"]:
                return {"input": name, **lost}
    return None


def _measure(data: bytes, samples: Samples) -> signals.Carried | None:
    """What the tensors carry; None for a model that can't be written in floats."""
    try:
        return signals.measure(data, samples)
    except (RuntimeError, ValueError) as error:
        print(f"the int8 model has no float twin: {error}")
        return None


def _lost(
    expected: Array, given: Array, carried: signals.Carried | None, detail: Mapping[str, Any]
) -> Mapping[str, object] | None:
    if carried is not None:
        return channels.find_lost(expected, given, signals.scale_of(carried, int(detail["index"])))
    found = channels.find_lost(expected, given, channels.Scale(float(detail["quantization"][0])))
    return found and {**found, "certain": False}


def compare(name: str, expected: Array, given: Array, step: float = 0.0) -> Mapping[str, object]:
    """How far one output is from what the float model gave, over all samples.

    `step` is the smallest difference that the int8 output can show; values that close are a tie.

    Returns:
        `difference`: the largest absolute one, as a share of the float output's range; `rms`: the root of the mean
        square of the differences, as a share of that of the float output (None where that is 0); `noise`: the same as
        a share of how the float output moves over the samples (at 1 a constant would be as near; None if it hardly
        moves); `noisy`: the channels of which that is true; `cosine` of all values together;
        `agreement`: the share of samples whose largest value, ties included, is where the float model has it (None for
        outputs of one value); `finite`: no NaN or infinity; `still`: the float output hardly changes over the samples,
        so that the other measures say little; `frozen`: it is the very same for all; `constant`: it does change, or by
        some steps, and this one not at all.
    """
    import numpy as np

    left = np.asarray(expected, dtype="float64").reshape(len(expected), -1)
    right = np.asarray(given, dtype="float64").reshape(len(given), -1)
    largest = float(np.abs(left).max(initial=0.0)) or 1.0
    span = float(np.ptp(left)) if left.size else 0.0
    rms = float(np.sqrt(np.mean(left**2))) if left.size else 0.0
    norm = float(np.linalg.norm(left) * np.linalg.norm(right))
    zero = float(np.abs(left).max(initial=0.0)) + max(channels.STEPS * step, channels.NOISE)
    movement = _movement(left)
    still = movement <= _STILL * largest
    differences = float(np.sqrt(np.mean((left - right) ** 2))) if left.size else 0.0
    moves = 0.0 if still else float(np.sqrt(np.mean((left - left.mean(axis=0)) ** 2)))
    says_something = not still or movement > max(channels.NOISE * largest, channels.STEPS * step)
    return {
        "name": name,
        "finite": bool(np.isfinite(right).all()),
        "difference": _number(np.abs(left - right).max(initial=0.0) / max(span, _NARROWEST * largest)),
        "rms": _number(differences / rms) if rms else None,
        "noise": _number(differences / moves) if moves else None,
        "noisy": channels.find_noisy(np.asarray(expected), np.asarray(given), step),
        "cosine": _number((left * right).sum() / norm) if norm else float(np.abs(right).max(initial=0.0) <= zero),
        "agreement": _agreement(np.asarray(expected), np.asarray(given), step),
        "still": still,
        "frozen": movement == 0.0 and len(left) > 1,
        "constant": says_something and _movement(right) == 0.0,
    }


def _agreement(expected: Array, given: Array, step: float) -> float | None:
    """The share of samples whose largest value stands at the float model's place; None for an output without places."""
    import numpy as np

    if expected.ndim < 2 or expected.shape[-1] < 2 or expected.dtype.kind != "f":  # noqa: PLR2004  (samples, classes)
        return None
    if expected.ndim > 2:  # noqa: PLR2004  (places: where an image is grey, no channel is meant to be the largest)
        first = expected.shape[1] < expected.shape[-1]  # then the last may be that of places, where none is a class
        return max(_agreement_along(expected, given, axis, step) for axis in ((-1, 1) if first else (-1,)))
    # Each value may be a step off, so that near float values change places; not where most are near: then none is told.
    near = expected >= expected.max(axis=-1, keepdims=True) - 2 * step
    forgiven = near.sum(axis=-1) <= min(max(2, expected.shape[-1] // 10), _TIED)
    chosen = given.argmax(axis=-1)
    close = np.take_along_axis(near, chosen[..., None], axis=-1)[..., 0]
    dead = np.ptp(expected, axis=-1) == 0
    return float(((chosen == expected.argmax(axis=-1)) | (close & forgiven) | dead).mean())


def _agreement_along(expected: Array, given: Array, axis: int, step: float) -> float:
    """The share of places where the value that the float model has largest along an axis is so here, ties included."""
    import numpy as np

    there = np.take_along_axis(given, np.expand_dims(expected.argmax(axis=axis), axis), axis=axis)
    return float((there >= given.max(axis=axis, keepdims=True) - step).mean())


def _movement(values: Array) -> float:
    """How much the value that changes most over the samples changes."""
    return float((values.max(axis=0) - values.min(axis=0)).max(initial=0.0)) if len(values) else 0.0


def _number(value: Number) -> float | None:
    """A number that JSON knows; None for NaN and infinity."""
    import numpy as np

    return float(value) if np.isfinite(value) else None


def _answers(
    runner: litert_run.Runner, expected: reference.Answers, inputs: Mapping[str, str], outputs: Mapping[str, str]
) -> Mapping[str, Array]:
    """This model's outputs for the samples of a reference, by the reference's names."""

    def predict(sample: Mapping[str, Array]) -> Mapping[str, Array]:
        given = runner.predict({inputs[name]: value for name, value in sample.items()})
        return {name: given[mine] for name, mine in outputs.items()}

    return reference.outputs_of(predict, expected.samples)


def pair(
    wanted: Mapping[str, Kind], present: Mapping[str, Kind], what: str, *, interchangeable: bool = False
) -> Mapping[str, str]:
    """Which of this model's inputs or outputs is which of the reference's: by name, else as only the shapes fit.

    Both are given as the shape of one sample, by name. Where those of the same shape are interchangeable, any way does.

    Raises:
        Problem: they don't fit, or fit in more than one way.
    """
    if set(wanted) <= set(present):
        return {name: name for name in wanted}
    by_argument = {as_argument(name): name for name in present}
    if all(as_argument(name) in by_argument for name in wanted):
        return {name: by_argument[as_argument(name)] for name in wanted}
    ways = only_ways({name: [other for other in present if present[other] == kind] for name, kind in wanted.items()})
    if len(ways) == 1 or (ways and interchangeable):
        return ways[0]
    unclear = " in a way that their names or shapes tell" if ways else ""
    raise Problem(
        "not-comparable",
        f"the {what} of the int8 model ({_list(present)}) are not those of the float model ({_list(wanted)}){unclear}.",
    )


def _kinds(arrays: Mapping[str, Array]) -> Mapping[str, Kind]:
    return {name: tuple(array.shape[1:]) for name, array in arrays.items()}


def _interchangeable(arrays: Mapping[str, Array]) -> bool:
    """True if outputs of the same shape hold the same: of a tensor that is given twice, either may be looked at."""
    import numpy as np

    kinds = _kinds(arrays)
    return all(
        np.array_equal(first, second)
        for name, first in arrays.items()
        for other, second in arrays.items()
        if kinds[name] == kinds[other]
    )


def _details(details: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Kind]:
    return {name: tuple(int(size) for size in detail["shape"])[1:] for name, detail in details.items()}


def _list(kinds: Mapping[str, Kind]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in kinds.items())
