"""Samples as arrays, one for each input of a model: read from files, checked, or made up."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arrays import InputSpec, StoredArray, stored_arrays
from .assignment import LABELS, Part, assign, in_order_of
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .untyped import Array

#: Random samples are made from this seed, so that two runs give the same file.
_SEED = 20210521
#: How many random samples are made, and the size that an axis without one gets in them.
_RANDOM_COUNT = 100
#: An image as an input takes it (height, width, channels), and in how many patches a side a made-up one is drawn.
_AXES, _CHANNELS, _PATCHES = 3, 4, 6
_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
_TEXT = "string"
#: How many samples accuracy is measured on.
_EVALUATED = 1000


@dataclass(frozen=True)
class Samples:
    """Samples by input name, the sample axis first; all inputs have equally many.

    Attributes:
        labels: the class number of each sample; None if none are known.
        random: True if they were made up.
        told: which array fed which input, where their names did not tell; see `arrays.Assignment`.
    """

    inputs: Mapping[str, Array]
    labels: Array = None
    random: bool = False
    told: str = ""

    @property
    def count(self) -> int:
        """The number of samples."""
        return len(next(iter(self.inputs.values())))

    @property
    def summary(self) -> dict[str, object]:
        """What a stage tells of the samples that it calibrated with."""
        return {"samples": self.count, "random": self.random, "matched": self.told}

    def one_by_one(self) -> Iterator[dict[str, Array]]:
        """Each sample as a batch of one."""
        for number in range(self.count):
            yield {name: array[number : number + 1] for name, array in self.inputs.items()}

    def at_most(self, limit: int) -> Samples:
        """At most `limit` of them, spread evenly: files are often sorted by class."""
        if self.count <= limit:
            return self
        chosen = _spread(self.count, limit)
        labels = None if self.labels is None else self.labels[chosen]
        return replace(self, inputs={name: array[chosen] for name, array in self.inputs.items()}, labels=labels)

    def renamed(self, names: Mapping[str, str]) -> Samples:
        """The same under other names of the inputs."""
        return replace(self, inputs={names[name]: array for name, array in self.inputs.items()})


def load(path: Path, inputs: Sequence[InputSpec], limit: int, order: Sequence[str] = ()) -> Samples:
    """Read at most `limit` samples for a model's inputs, spread evenly over what is stored.

    `order` names the inputs in the order that arrays without their names are in, if that is another one.

    Raises:
        Problem: the files can't be read, don't fit the inputs, or hold NaN or infinity.
    """
    arrays = stored_arrays(path)
    assigned = assign(arrays, in_order_of(order, inputs))
    parts, total = assigned.parts, assigned.count
    chosen = _spread(total, limit)
    labels = next((array for array in arrays if array.name == LABELS and array.member is not None), None)
    return Samples(
        {spec.name: _typed(_gather(parts[spec.name], chosen), spec) for spec in inputs},
        None if labels is None else _read_labels(labels, total, chosen),
        told=assigned.told,
    )


def make_up(inputs: Sequence[InputSpec], *, smooth: bool = False) -> Samples:
    """Random samples: floats from 0 to 1, integers 0 or 1; the same ones each time.

    Args:
        inputs: what they are for.
        smooth: True if images are to change from place to place as pictures do, not from pixel to pixel: what a
            network gives for noise says nothing about it.

    Raises:
        Problem: an input has a size that only real samples can tell, or takes text.
    """
    import numpy as np

    generator = np.random.default_rng(_SEED)
    made: dict[str, Array] = {}
    for spec in inputs:
        if spec.sample is None or None in spec.sample:
            raise Problem(
                "input-size-unknown",
                f"the input {spec.describe()} has no fixed size; give samples, whose size decides.",
            )
        shape = (_RANDOM_COUNT, *spec.sample)
        if smooth and spec.dtype in _FLOATS and _is_image(spec.sample):
            random = np.stack([_smooth(generator, spec.sample) for _ in range(_RANDOM_COUNT)])
        else:
            random = generator.random(shape) if spec.dtype in _FLOATS else generator.integers(0, 2, shape)
        made[spec.name] = _typed(random, spec)
    return Samples(made, random=True)


def _is_image(shape: Sequence[int | None]) -> bool:
    return len(shape) == _AXES and min(shape[0] or 0, shape[1] or 0) >= _PATCHES and (shape[2] or 0) <= _CHANNELS


def _smooth(generator: Array, shape: Sequence[int | None]) -> Array:
    """An image from 0 to 1 that goes over from patch to patch."""
    import numpy as np

    height, width, channels = (int(size or 0) for size in shape)
    patches = generator.random((_PATCHES, _PATCHES, channels))
    places = np.arange(_PATCHES)
    for axis, size in enumerate((height, width)):
        wanted = np.linspace(0, _PATCHES - 1, size)
        low = np.minimum(wanted.astype(int), _PATCHES - 2)
        share = (wanted - places[low]).reshape([-1 if each == axis else 1 for each in range(patches.ndim)])
        patches = patches.take(low, axis) * (1 - share) + patches.take(low + 1, axis) * share
    return patches


def for_request(request: Mapping[str, Any], inputs: Sequence[InputSpec], limit: int) -> Samples | None:
    """The samples that a request names: `calibration` is a path, or None; `random` asks for made-up ones.

    `order_from` is the `reference.json` of the build's first stage, if this is not it.
    """
    if request.get("calibration"):
        return load(Path(request["calibration"]), inputs, limit, _order(request))
    return make_up(inputs).at_most(limit) if request.get("random") else None


def labelled_for_request(request: Mapping[str, Any], inputs: Sequence[InputSpec]) -> Samples | None:
    """The samples to judge by that a request names (`evaluation`), if it names some; without labels if they have none.

    Raises:
        Problem: they can't be read or don't fit the inputs, or their labels are not a class number for each.
    """
    if not request.get("evaluation"):
        return None
    path = Path(request["evaluation"])
    labelled = load(path, inputs, _EVALUATED, _order(request))
    if labelled.labels is None and any(one.name == LABELS and one.member is not None for one in stored_arrays(path)):
        raise Problem(
            "evaluation-without-labels",
            f"the array '{LABELS}' of {path} is not one class number for each sample; leave it out for a model that "
            "names no class.",
        )
    return labelled


def fixed_inputs(inputs: Sequence[InputSpec], samples: Samples | None) -> tuple[InputSpec, ...]:
    """The inputs with a batch of one, and every size that the model leaves open taken from the samples.

    Raises:
        Problem: a size is open and there are no samples to take it from.
    """
    fixed = []
    for spec in inputs:
        shape = spec.sample if samples is None else samples.inputs[spec.name].shape[1:]
        if shape is None or None in shape:
            raise Problem(
                "input-size-unknown",
                f"the input {spec.describe()} has no fixed size; give samples, whose size decides.",
            )
        fixed.append(InputSpec(spec.name, (1, *shape), spec.dtype))
    return tuple(fixed)


def keep_sizes(inputs: Sequence[InputSpec], fixed: Sequence[InputSpec]) -> tuple[InputSpec, ...]:
    """The inputs that leave no size open as they are, whatever their batch; the others as they were fixed."""
    return tuple(
        spec if spec.shape is not None and None not in spec.shape else other
        for spec, other in zip(inputs, fixed, strict=True)
    )


def as_batch(sample: Mapping[str, Array], inputs: Sequence[InputSpec]) -> dict[str, Array]:
    """A sample as often as an input takes at once."""
    import numpy as np

    counts = {spec.name: (spec.shape or (1,))[0] or 1 for spec in inputs}
    return {name: array if counts[name] == 1 else np.repeat(array, counts[name], 0) for name, array in sample.items()}


def _order(request: Mapping[str, Any]) -> Sequence[str]:
    """The names of the inputs in the order that the build's first stage had them in, from its `reference.json`."""
    index = request.get("order_from")
    names: Sequence[str] = json.loads(Path(index).read_text(encoding="utf-8"))["inputs"] if index else ()
    return names


def taken_sizes(inputs: Sequence[InputSpec], fixed: Sequence[InputSpec]) -> list[str]:
    """For each input that leaves a size open beyond the batch: what was taken for it, in words."""
    given = {spec.name: spec for spec in fixed}
    open_ones = (spec for spec in inputs if spec.sample is None or None in spec.sample)
    return [f"{given[spec.name].shape} for {spec.describe()}" for spec in open_ones]


def _spread(total: int, limit: int) -> list[int]:
    return [number * total // limit for number in range(limit)] if total > limit else list(range(total))


def _gather(parts: Sequence[Part], chosen: Sequence[int]) -> Array:
    """The chosen samples out of the parts, taken as one long sequence."""
    import numpy as np

    if len({part.array.header.shape[0 if part.single else 1 :] for part in parts}) > 1:
        raise Problem(
            "calibration-mismatch",
            f"the samples in {parts[0].array.path.parent} have different sizes; make them equal.",
        )
    wanted, gathered, start = list(chosen), [], 0
    for part in parts:
        mine = [number - start for number in wanted if start <= number < start + part.samples]
        if mine:
            array = _read(part.array)
            gathered.append(array[None] if part.single else array[mine])
        start += part.samples
    return np.concatenate(gathered)


def _read(array: StoredArray) -> Array:
    import numpy as np

    try:
        if array.member is None:
            return np.load(array.path, mmap_mode="r", allow_pickle=False)
        with np.load(array.path, allow_pickle=False) as archive:
            return archive[array.member]
    except (ValueError, OSError, EOFError) as error:
        raise Problem("calibration-unreadable", f"{array.label} can't be read: {error}.") from error


def _typed(array: Array, spec: InputSpec) -> Array:
    """The array in the element type that the input takes, checked for what that loses."""
    import numpy as np

    if spec.dtype == _TEXT:
        raise Problem(
            "text-input", f"the input {spec.describe()} takes text; envdoctor builds models that take numbers."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Problem(
            "calibration-not-finite", f"the samples for {spec.describe()} hold NaN or infinity; remove those samples."
        )
    target = np.dtype("float32" if spec.dtype == "bfloat16" else spec.dtype)
    if target.kind in "iu" and array.dtype.kind == "f" and (array != np.floor(array)).any():
        raise Problem(
            "calibration-mismatch", f"the samples for {spec.describe()} are fractions; this input takes whole numbers."
        )
    return np.ascontiguousarray(array, dtype=target)


def _read_labels(array: StoredArray, total: int, chosen: Sequence[int]) -> Array | None:
    """Class numbers of the chosen samples, from numbers or from one-hot rows; None if `y` is something else."""
    import numpy as np

    if array.header.kind not in "iufb" or not array.header.shape or array.header.shape[0] != total:
        return None
    labels = _read(array)[list(chosen)]
    rows = math.prod(labels.shape[1:])
    if rows > 1:
        one_hot = labels.ndim == 2 and ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()  # noqa: PLR2004  (samples and classes)
        return labels.argmax(axis=1) if one_hot else None
    labels = labels.reshape(len(labels))
    return labels.astype(np.int64) if (labels == np.floor(labels)).all() else None
