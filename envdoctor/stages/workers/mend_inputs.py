"""What two forms of a model are compared on: random numbers of several kinds, and the samples that a user gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import litert_run
from .samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .untyped import Array

    Detail = Mapping[str, Any]
    #: A value for every input, in their order, and the class number that is expected, if one is known.
    Fed = tuple[list[Array], "int | None"]

#: Random numbers come from this seed, so that two runs measure the same.
_SEED = 20261129
_RANDOM = 20
#: How many inputs near others are tried: new ones, and those that are the worst one in part.
_NEW, _CHANGED = 180, 300
_QUANTIZED = "iu"


def random_inputs(runner: litert_run.Runner) -> Iterator[Fed]:
    """Random numbers, the same ones each time."""
    import numpy as np

    generator = np.random.default_rng(_SEED)
    for number in range(_RANDOM):
        yield [_numbers(generator, detail, number) for detail in runner.inputs.values()], None


def given_inputs(runner: litert_run.Runner, samples: Samples | None) -> Iterator[Fed]:
    """A user's samples; an input with a larger batch gets each several times."""
    import numpy as np

    for number, sample in enumerate(samples.one_by_one() if samples is not None else ()):
        values = [np.broadcast_to(sample[name], detail["shape"]) for name, detail in runner.inputs.items()]
        labels = None if samples is None else samples.labels
        yield values, None if labels is None else int(labels[number])


def random_samples(runner: litert_run.Runner) -> Samples:
    """The random numbers as samples."""
    import numpy as np

    rows = [values for values, _ in random_inputs(runner)]
    columns = zip(runner.inputs, zip(*rows, strict=True), strict=True)
    return Samples({name: np.concatenate(values) for name, values in columns}, random=True)


@dataclass
class Worst:
    """The input on which two forms are the furthest from each other, of those that were tried."""

    sample: list[Array] = field(default_factory=list)
    distance: float = -1.0

    def hold(self, sample: list[Array], distance: float) -> None:
        """Keep an input that is as bad or worse."""
        if distance >= self.distance:
            self.sample, self.distance = sample, distance


def inputs_near(worst: Worst, runner: litert_run.Runner) -> Iterator[Fed]:
    """Inputs of small differences around any level, then ones that differ from the worst so far in a part.

    A layer that divides by a deviation enlarges what is rounded most where the deviation is small.
    """
    import numpy as np

    generator = np.random.default_rng(_SEED + 1)
    details = runner.inputs.values()
    for number in range(_NEW):
        spread = (0.02, 0.1, 0.4, 1.0)[number % 4]
        fresh = [_numbers(generator, detail, number) for detail in details]
        yield [_near(generator.choice(one.reshape(-1)), one, spread) if one.size else one for one in fresh], None
    for number in range(_CHANGED):
        fresh = [_numbers(generator, detail, number) for detail in details]
        part, spread = (0.05, 0.2, 0.6)[number % 3], (0.1, 1.0)[number % 2]
        pairs = zip(worst.sample, fresh, strict=True)
        yield [np.where(generator.random(new.shape) < part, _near(old, new, spread), old) for old, new in pairs], None


def _near(old: Array, new: Array, spread: float) -> Array:
    """Numbers between others, of the same type: whole numbers stay or change, since 0.5 is none of them."""
    import numpy as np

    return (old + spread * (new - old)).astype(new.dtype) if new.dtype.kind == "f" else np.where(spread < 1, old, new)


def step_of(detail: Detail) -> float:
    """The smallest difference of two numbers in a quantized tensor; 0 of others."""
    import numpy as np

    scale = float(detail["quantization"][0])
    return scale if np.dtype(detail["dtype"]).kind in _QUANTIZED else 0.0


def _numbers(generator: Any, detail: Detail, number: int) -> Array:  # noqa: ANN401  (numpy's)
    """Numbers for an input: over all that a quantized one holds; floats of two ranges; whole numbers 0 and 1."""
    import numpy as np

    kind, shape = np.dtype(detail["dtype"]), [int(size) for size in detail["shape"]]
    shares = _shares(generator, shape, number % 4)
    if step_of(detail):
        limits = np.iinfo(kind)
        stored = np.round(limits.min + shares * (float(limits.max) - limits.min)).astype(kind)
        return litert_run.dequantize(stored, detail)
    if kind.kind == "f":
        return (shares if number % 8 < 4 else 4 * shares - 2).astype(kind)  # noqa: PLR2004  (two of each kind of shares)
    return generator.integers(0, 2, shape).astype(kind)


def _shares(generator: Any, shape: Sequence[int], kind: int) -> Array:  # noqa: ANN401  (the same)
    """Numbers from 0 to 1. Noise alone is the same to many models: so there are plain fields, ramps and parts, too."""
    import numpy as np

    noise = generator.random(shape)
    if kind == 1 and shape:  # a level for each channel
        return np.clip(generator.random(shape[-1:]) + 0.1 * (noise - 0.5), 0.0, 1.0)
    if kind == 2 and shape:  # noqa: PLR2004  (a ramp along one axis)
        axis = int(generator.integers(0, len(shape)))
        first, last = (float(share) for share in generator.random(2))
        sizes = [size if place == axis else 1 for place, size in enumerate(shape)]
        return np.clip(np.linspace(first, last, shape[axis]).reshape(sizes) + 0.2 * noise, 0.0, 1.0)
    if kind == 3:  # noqa: PLR2004  (few values)
        return np.where(generator.random(shape) < generator.random(), noise, 0.0)
    return noise
