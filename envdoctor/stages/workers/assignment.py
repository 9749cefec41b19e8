"""Which stored arrays feed which inputs of a model, told from names, shapes and kinds of numbers.

Needs only the standard library.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .arrays import NUMBERS, InputSpec, StoredArray
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: An array of this name feeds the model, `y` holds the expected class numbers; as scikit-learn's users name them.
SAMPLES, LABELS = "x", "y"
#: What converters put around an input's name: `serving_default_image:0`.
_DECORATION = re.compile(r"^serving_default_|:\d+$")
#: More inputs than this are not matched by shape, and not more than so many ways are followed.
_MATCHED, _WAYS = 16, 512
Chosen = TypeVar("Chosen")


@dataclass(frozen=True)
class Part:
    """An array that feeds an input: as one sample, or as many along its first axis."""

    array: StoredArray
    single: bool

    @property
    def samples(self) -> int:
        """How many samples it holds."""
        return 1 if self.single else self.array.header.shape[0]


@dataclass(frozen=True)
class Assignment:
    """Which arrays feed which input.

    Attributes:
        parts: the arrays of each input, by its name.
        told: how it was found where names did not tell: a phrase for a person; empty if they did.
    """

    parts: Mapping[str, tuple[Part, ...]]
    told: str = ""

    @property
    def count(self) -> int:
        """The number of samples."""
        return sum(part.samples for part in next(iter(self.parts.values())))


def assign(arrays: Sequence[StoredArray], inputs: Sequence[InputSpec]) -> Assignment:
    """Which arrays feed which input: by name; else as `arr_0, arr_1` in the inputs' order, or as only the shapes fit.

    Raises:
        Problem: the names or the shapes don't fit, or fit in more than one way, an array is no array of numbers, or the
            inputs would get different numbers of samples.
    """
    chosen, told = _choose(arrays, inputs)
    parts = {spec.name: tuple(_part(array, spec) for array in chosen[spec.name]) for spec in inputs}
    counts = {name: sum(part.samples for part in found) for name, found in parts.items()}
    if len(set(counts.values())) > 1:
        words = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise Problem(
            "calibration-mismatch", f"the inputs must have equally many samples, but these are given: {words}."
        )
    if not all(counts.values()):
        raise Problem("calibration-mismatch", f"{arrays[0].path} holds no sample: an array has the shape (0, ...).")
    return Assignment(parts, told)


def _choose(
    arrays: Sequence[StoredArray], inputs: Sequence[InputSpec]
) -> tuple[Mapping[str, Sequence[StoredArray]], str]:
    named = {array.name: array for array in arrays}
    by_name = {spec.name: array for spec in inputs if (array := _named(named, spec.name)) is not None}
    if len(by_name) == len(inputs):
        return {name: [array] for name, array in by_name.items()}, ""
    if len(inputs) == 1:
        return {inputs[0].name: _for_the_only_input(arrays, inputs[0])}, ""
    free = [array for array in arrays if array.name != LABELS and array not in by_name.values()]
    open_inputs = [spec for spec in inputs if spec.name not in by_name]
    found = _in_order(named, inputs) or _by_shape(free, open_inputs)
    if found is None:
        raise Problem("calibration-mismatch", _unclear(arrays, inputs))
    how = "in the order of its inputs" if _in_order(named, inputs) else "as only their shapes fit"
    pairs = ", ".join(f"{array.name} feeds '{name}'" for name, array in found.items())
    return {name: [array] for name, array in (by_name | found).items()}, f"{pairs}, {how}"


def _unclear(arrays: Sequence[StoredArray], inputs: Sequence[InputSpec]) -> str:
    wanted = ", ".join(spec.describe() for spec in inputs)
    present = ", ".join(f"{array.name} {array.header.shape}" for array in arrays)
    return (
        f"the model has {len(inputs)} inputs, {wanted}; give an .npz file with an array of each of these names (it has "
        f"{present}, whose shapes do not tell which is which)."
    )


def _in_order(named: Mapping[str, StoredArray], inputs: Sequence[InputSpec]) -> dict[str, StoredArray] | None:
    """The arrays that numpy.savez names by their position, if each fits the input at that position."""
    found = {spec.name: named.get(f"arr_{number}") for number, spec in enumerate(inputs)}
    fitting = {name: array for name, array in found.items() if array is not None}
    if len(fitting) != len(inputs) or len(named.keys() - {LABELS}) != len(inputs):
        return None
    return fitting if all(_fit(fitting[spec.name].header.shape, spec) is not None for spec in inputs) else None


def _by_shape(arrays: Sequence[StoredArray], inputs: Sequence[InputSpec]) -> dict[str, StoredArray] | None:
    """The only way to give each input an array of its shape, and of its kind of numbers where that decides."""
    for same_kind in (True, False):
        candidates = {spec.name: [one for one in arrays if _suits(one, spec, same_kind=same_kind)] for spec in inputs}
        ways = only_ways(candidates)
        if ways:
            return ways[0] if len(ways) == 1 else None
    return None


def only_ways(candidates: Mapping[str, Sequence[Chosen]]) -> list[dict[str, Chosen]]:
    """At most two of the ways to give each name one of its candidates, none of them twice.

    With more than some names or candidates nothing is tried, and there is none.
    """
    if len(candidates) > _MATCHED or any(len(each) > _MATCHED for each in candidates.values()):
        return []
    ways: list[dict[str, Chosen]] = [{}]
    for name in sorted(candidates, key=lambda name: len(candidates[name])):
        longer = [{**way, name: one} for way in ways for one in candidates[name] if one not in way.values()]
        if len(longer) > _WAYS:
            return longer[:2]  # not complete, and surely not the only one
        ways = longer
    return ways[:2]


def _suits(array: StoredArray, spec: InputSpec, *, same_kind: bool) -> bool:
    is_float = array.header.kind == "f"
    wants_float = "float" in spec.dtype
    return _fit(array.header.shape, spec) is not None and (is_float == wants_float if same_kind else True)


def _named(arrays: Mapping[str, StoredArray], name: str) -> StoredArray | None:
    plain = _DECORATION.sub("", _DECORATION.sub("", name))
    exact = arrays.get(name) or arrays.get(plain)
    return exact or next((array for key, array in arrays.items() if as_argument(key) == as_argument(plain)), None)


def as_argument(name: str) -> str:
    """An input's name as a signature can carry it."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def in_order_of(names: Sequence[str], inputs: Sequence[InputSpec]) -> Sequence[InputSpec]:
    """The inputs in the order of these names, if they are theirs: an earlier stage's order of the same inputs."""
    by_name = {as_argument(spec.name): spec for spec in inputs}
    wanted = [as_argument(name) for name in names]
    return [by_name[name] for name in wanted] if sorted(wanted) == sorted(by_name) else inputs


def _for_the_only_input(arrays: Sequence[StoredArray], spec: InputSpec) -> Sequence[StoredArray]:
    if arrays[0].member is None or len(arrays) == 1:
        return arrays
    samples = [array for array in arrays if array.name == SAMPLES]
    fitting = [array for array in arrays if array.name != LABELS and _fit(array.header.shape, spec) is not None]
    chosen = samples or fitting
    if len(chosen) == 1:
        return chosen
    names = ", ".join(f"{array.name} {array.header.shape}" for array in arrays)
    raise Problem(
        "calibration-mismatch",
        f"{arrays[0].path.name} holds {names}: name the array that feeds the input {spec.describe()} '{SAMPLES}'.",
    )


def _part(array: StoredArray, spec: InputSpec) -> Part:
    if array.header.kind not in NUMBERS:
        raise Problem(
            "calibration-mismatch",
            f"{array.label} has the element type {array.header.descr}; the input {spec.describe()} takes numbers.",
        )
    single = _fit(array.header.shape, spec)
    if single is None:
        raise Problem(
            "calibration-mismatch",
            f"{array.label} has the shape {array.header.shape}, but the input takes {spec.describe()}"
            f"{_hint(array.header.shape, spec)}.",
        )
    return Part(array, single)


def _fit(shape: Sequence[int], spec: InputSpec) -> bool | None:
    """True if an array is one sample, False if it is many, None if it is neither."""
    if spec.sample is None:
        return False if shape else None
    if _matches(shape[1:], spec.sample) and shape:
        return False
    return True if _matches(shape, spec.sample) else None


def _matches(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(wanted[axis] in {None, size} for axis, size in enumerate(shape))


def _hint(shape: Sequence[int], spec: InputSpec) -> str:
    """What would make an array fit, if that can be seen."""
    sample = spec.sample or ()
    if _matches((*shape[1:], 1), sample):
        return "; add the last axis, x[..., None]"
    for by in range(1, len(sample)):  # channels first or last, steps or features first: a reshape would scramble them
        order = (0, *range(by + 1, len(shape)), *range(1, by + 1))
        if len(shape) == len(sample) + 1 and _matches([shape[axis] for axis in order[1:]], sample):
            return f"; its axes stand in another order, numpy.transpose(x, {order})"
    if None not in sample and shape and math.prod(shape[1:]) == math.prod(size or 0 for size in sample):
        if sorted(shape[1:]) == sorted(size or 0 for size in sample):
            return "; its axes stand in another order"
        return f"; reshape it to {(shape[0], *sample)}"
    return ""


def require_class_numbers(low: float, high: float, classes: int | None, of: str) -> None:
    """Refuse class numbers that an output does not have: they would make every measurement void.

    Args:
        low: the smallest.
        high: the largest.
        classes: how many the output has; None for unknown.
        of: what has them, in words.

    Raises:
        Problem: some are below 0, or too large.
    """
    if low < 0 or (classes is not None and high >= classes):
        known = "" if classes is None else f", and the {of} has {classes} classes"
        raise Problem(
            "evaluation-without-labels",
            f"the class numbers in 'y' go from {low:.0f} to {high:.0f}{known}; they are counted from 0.",
        )
