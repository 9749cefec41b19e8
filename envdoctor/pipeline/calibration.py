"""Calibration and evaluation samples, held against the model before anything is started."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sample_ranges import measure, numbers_in
from envdoctor.pipeline.sources import class_count, input_scale, model_inputs
from envdoctor.pipeline.sources.bundle import inputs_of_parts
from envdoctor.stages.workers.arrays import NUMBERS, StoredArray, stored_arrays
from envdoctor.stages.workers.assignment import LABELS, Part, assign, require_class_numbers
from envdoctor.stages.workers.stage import Problem
from envdoctor.support.bounded import open_zip
from envdoctor.tflite.bundles import file_name, samples_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from envdoctor.core.request import Request
    from envdoctor.pipeline.sample_ranges import SampleRange
    from envdoctor.stages.workers.arrays import InputSpec

#: Samples whose ranges differ by this factor are not scaled alike.
_APART = 20.0
#: Where a layer makes large numbers small, and where it does so with pixels.
_SCALES, _PIXEL_SCALES = 1 / 50, (1 / 300, 1 / 100)
#: Whole samples that are small already, and others, as ImageNet's mean and deviation make them.
_SCALED, _NORMALIZED = 2.0, 5.0
#: Where a layer leaves 0 to 255 large.
_LEAVES = 0.5
#: Axes of one-hot labels: samples and classes.
_ONE_HOT_RANK = 2
#: The largest value of an image's pixels; values that tell that whole numbers, and that fractions, are such.
_PIXEL, _BRIGHT, _WHITE = 255, 128, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """Samples that an option names, and the range of each input's (None where it is not known)."""

    option: str
    path: Path
    ranges: Mapping[str, SampleRange | None]


def check_samples(request: Request, option: str = "--calibration") -> tuple[str, ...]:
    """Hold the samples that a request names, by `option`, against its source, and against each other.

    Args:
        request: names the source and the samples.
        option: what the user named the calibration samples by.

    Returns:
        What is worth a look before anything is started, a sentence each.

    Raises:
        UsageProblem: they can't be read, don't fit the model's inputs, hold NaN or infinity, or are certain nonsense:
            all the same, scaled although the model does that itself, or not scaled as the other samples are.
    """
    source = request.source
    if source is None:
        return ()
    if source.kind == ArtifactKind.TASK_BUNDLE:
        _check_bundle(source.path, request, option)
        return ()
    inputs = model_inputs(source, request.options.signature)
    given: list[_Samples] = []
    for path, named in ((request.options.calibration, option), (request.options.evaluation, "--evaluate")):
        if path is None:
            continue
        given.append(_checked(path, named, inputs))
    if request.options.evaluation is not None:
        _check_classes(request.options.evaluation, class_count(source))
    unlike = list(_unlike(*given)) if len(given) > 1 else []
    scale = input_scale(source) if inputs is not None and len(inputs) == 1 else None
    judged = [note for samples in given for note in _judge_scaling(samples, scale, inputs or ())]
    return (*unlike, *judged, *(note for samples in given for note in _still_inputs(samples)))


def _checked(path: Path, option: str, inputs: Sequence[InputSpec] | None, of: str = "") -> _Samples:
    """The same as `_check`, with what is wrong as a UsageProblem that names the option, and whose samples they are."""
    try:
        return _check(path, option, inputs)
    except Problem as problem:
        raise UsageProblem(f"{option}{of}: {problem.message}") from None
    except Unreadable as error:
        raise UsageProblem(f"{option}{of}: {error}; give other samples.") from None


def _check_bundle(path: Path, request: Request, option: str) -> None:
    """Hold a folder of samples, one file for each model of a bundle, against the models.

    Raises:
        UsageProblem: see `check_samples`; it is no folder, or has samples of no model.
    """
    options, parts = request.options, inputs_of_parts(path)
    stems = {file_name(name).removesuffix(".tflite") for name in parts}
    how = f"a folder with {', '.join(f'{stem}.npy' for stem in sorted(stems))}"
    if options.evaluation is not None:
        raise UsageProblem(f"--evaluate: {path.name} is a bundle of {len(parts)} models; name one with --part.")
    folder = options.calibration
    if folder is None:
        return
    if not folder.is_dir():
        raise UsageProblem(f"{option}: each model of {path.name} needs samples of its own: give {how}.")
    given = {entry.name: entry for entry in folder.iterdir() if entry.is_dir() or entry.suffix in {".npy", ".npz"}}
    strangers = sorted(name for name, entry in given.items() if entry.stem not in stems)
    if strangers or not given:
        words = f"{strangers[0]} names no model of {path.name}" if strangers else f"{folder} holds no samples"
        raise UsageProblem(f"{option}: {words}; give {how}.")
    for name, inputs in parts.items():
        samples = samples_of(folder, name)
        if samples is not None:
            _checked(samples, option, inputs, of=f", for {name}")


def _check(path: Path, option: str, inputs: Sequence[InputSpec] | None) -> _Samples:
    arrays = stored_arrays(path)
    if any(one.member is not None for one in arrays):
        with open_zip(path):  # which refuses what would unpack to far too much: the stage reads whole arrays
            pass
    labels = next((one for one in arrays if one.name == LABELS and one.member is not None), None)
    if inputs is None:
        return _Samples(
            option=option, path=path, ranges={one.name: measure((Part(one, single=False),)) for one in arrays}
        )
    assigned = assign(arrays, inputs)
    if option == "--evaluate" and labels is not None:
        _check_labels(labels, assigned.count)
    samples = _Samples(
        option=option, path=path, ranges={name: measure(parts) for name, parts in assigned.parts.items()}
    )
    _require_difference(samples)
    return samples


def _require_difference(samples: _Samples) -> None:
    """Refuse samples that say nothing: every number the same, or every sample."""
    ranges = [one for one in samples.ranges.values() if one is not None]
    if len(ranges) < len(samples.ranges) or not ranges:
        return
    if all(one.low == one.high for one in ranges):
        words = f"every number in {samples.path.name} is {ranges[0].low:g}"
    elif all(one.equal or one.low == one.high for one in ranges) and any(one.equal for one in ranges):
        words = f"all samples in {samples.path.name} are the same"
    else:
        return
    raise Problem("calibration-mismatch", f"{words}: give samples that differ as real inputs do.")


def _unlike(calibration: _Samples, evaluation: _Samples) -> Iterator[str]:
    """What of one lot lies beyond all of the other; samples are refused of which one lot is scaled and the other not.

    Raises:
        UsageProblem: they are not scaled alike.
    """
    for name, first in calibration.ranges.items():
        second = evaluation.ranges.get(name)
        if first is None or second is None:
            continue
        small, large = sorted((first, second), key=lambda one: one.magnitude)
        if large.typical <= small.magnitude:
            continue
        said = (
            f"he samples of {calibration.option} for '{name}' go from {first.describe()}, those of --evaluate from "
            f"{second.describe()}"
        )
        if small.magnitude * _APART <= large.magnitude:
            raise UsageProblem(f"t{said}: scale both as the model's training samples were.")
        yield f"T{said}, which int8 cuts off or makes coarse: are the arrays those of this input, scaled alike?"


def _judge_scaling(samples: _Samples, scale: float | None, inputs: Sequence[InputSpec]) -> Iterator[str]:
    """Hold the range of an only input's samples against what the model does with it first.

    Raises:
        UsageProblem: the model makes small what is small already.
    """
    found = next(iter(samples.ranges.values())) if len(inputs) == 1 else None
    if found is None or scale is None or "float" not in inputs[0].dtype:
        return
    said = f"the samples of {samples.option} go from {found.describe()}"
    own = (
        "no layer of the model scales them" if scale == 1 else f"the model's own Rescaling takes them times {scale:.4g}"
    )
    of_pixels = _PIXEL_SCALES[0] <= scale <= _PIXEL_SCALES[1]
    if 0 < scale <= _SCALES and found.magnitude <= (_SCALED if found.whole else _NORMALIZED):
        how = f"unscaled, as 0 to {_PIXEL}" if of_pixels else "unscaled"
        raise UsageProblem(f"{said}, but the model scales its input itself ({own}); give them {how}.")
    if of_pixels and found.low < 0:
        yield f"T{said[1:]}, which no pixels do, and {own}: give them unscaled, as 0 to {_PIXEL}, if these are images."
    if scale >= _LEAVES and found.low >= 0 and (_BRIGHT if found.whole else _WHITE) < found.high <= _PIXEL:
        yield (
            f"T{said[1:]}, as pixels do, and {own}: if it was trained on smaller numbers (0 to 1, -1 to 1, or by "
            "ImageNet's mean and deviation), scale them as in training."
        )


def _still_inputs(samples: _Samples) -> Iterator[str]:
    """Of several inputs those that are the same in all samples, beside others that are not."""
    for name, found in samples.ranges.items() if len(samples.ranges) > 1 else ():
        if found is not None and (found.equal or found.low == found.high):
            yield (
                f"'{name}' is the same in all samples of {samples.option}: the int8 model is made, and compared, for "
                "that value alone; give samples in which it differs as in real use."
            )


def _check_classes(path: Path, classes: int | None) -> None:
    """Refuse labels that are no class numbers, or that the model does not have.

    Raises:
        UsageProblem: they are fractions, rows that are not one-hot, below 0, or more than there are classes.
    """
    labels = next((one for one in stored_arrays(path) if one.name == LABELS and one.member is not None), None)
    if labels is None:
        return
    try:
        found = numbers_in(labels)
        if found:
            require_class_numbers(*_class_numbers(labels, found), classes, "model")
    except Problem as problem:
        raise UsageProblem(f"--evaluate: {problem.message}") from None


def _class_numbers(labels: StoredArray, found: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest class number in labels, which may be one-hot rows."""
    shape = labels.header.shape
    columns = len(found) // shape[0]
    if columns > 1:
        rows = [list(found[start : start + columns]) for start in range(0, len(found), columns)]
        if len(shape) == _ONE_HOT_RANK and all(sorted(row) == [*[0] * (columns - 1), 1] for row in rows):
            classes = [row.index(1) for row in rows]
            return min(classes), max(classes)
        words = f"has the shape {shape} and is not one-hot"
    elif all(number == math.floor(number) for number in found):
        return min(found), max(found)
    else:
        words = "holds fractions"
    raise Problem(
        "evaluation-without-labels",
        f"{labels.label} {words}; accuracy is counted over one class number for each sample, from 0. Leave the "
        "labels out for a model that names no class: the outputs are compared all the same.",
    )


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
