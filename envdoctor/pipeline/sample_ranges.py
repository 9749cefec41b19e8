"""What numbers stored samples hold, told without numpy: their range, and whether they differ at all."""

from __future__ import annotations

import array
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from envdoctor.stages.workers.arrays import read_header
from envdoctor.stages.workers.stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.stages.workers.arrays import StoredArray
    from envdoctor.stages.workers.assignment import Part

    Numbers: TypeAlias = array.array[int] | array.array[float]

#: Bytes of samples that are looked at here; the worker looks at all that it uses.
_LOOKED_AT = 64 << 20
_CHUNK = 1 << 20
#: So many numbers of each piece tell whether all are whole.
_SOME = 4096
_FRACTIONS = frozenset("fd")
#: Types of the `array` module by numpy's kind and bytes of an element.
_CODES = {
    "f4": "f", "f8": "d", "i1": "b", "u1": "B", "b1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q",
    "u8": "Q",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRange:
    """What the samples of an input hold.

    Attributes:
        low, high: the smallest and the largest number.
        whole: True if all are whole numbers.
        equal: True if all samples that were looked at are the same, and there are at least two.
        typical: the mean magnitude of some of them, which a stray number hardly moves.
    """

    low: float
    high: float
    whole: bool
    equal: bool
    typical: float = 0.0

    @property
    def magnitude(self) -> float:
        """The largest number without its sign."""
        return max(abs(self.low), abs(self.high))

    def describe(self) -> str:
        """The range, for a message."""
        return f"{self.low:.4g} to {self.high:.4g}"


def measure(parts: Iterable[Part]) -> SampleRange | None:
    """The range of an input's samples; None for a type that is not looked at here (float16).

    Raises:
        Problem: they hold NaN or infinity.
    """
    low, high, whole, equal = math.inf, -math.inf, True, True
    samples, first = 0, b""
    total, count = 0.0, 0
    for part in parts:
        if _code(part.array) is None:
            return None
        samples += part.samples
        before = b""
        for chunk, numbers in _chunks(part.array):
            smallest, largest = min(numbers), max(numbers)
            low, high = min(low, smallest), max(high, largest)
            total += sum(map(abs, numbers[:_SOME]))
            count += len(numbers[:_SOME])
            whole = whole and all(number == math.floor(number) for number in numbers[:_SOME])
            before, differs = _compare(before + chunk, _sample_bytes(part))
            equal = equal and not differs
        equal = equal and first in {b"", before}
        first = before
    typical = total / count if count else 0.0
    return SampleRange(low=low, high=high, whole=whole, equal=equal and samples > 1, typical=typical)


def numbers_in(stored: StoredArray) -> Numbers | None:
    """All numbers of a small array, such as labels; None for a type or a size that is not looked at here.

    Raises:
        Problem: they hold NaN or infinity.
    """
    code = _code(stored)
    if code is None or stored.header.count > _CHUNK:
        return None
    found: Numbers = array.array(code)
    for _, numbers in _chunks(stored):
        found.extend(numbers)  # type: ignore[arg-type]
    return found


def _compare(data: bytes, size: int) -> tuple[bytes, bool]:
    """The last sample in the data, and whether two that follow each other differ in it."""
    return data[-size:], data[size:] != data[: max(0, len(data) - size)]


def _sample_bytes(part: Part) -> int:
    header = part.array.header
    return max(1, math.prod(header.shape if part.single else header.shape[1:]) * header.item)


def _code(stored: StoredArray) -> str | None:
    return _CODES.get(f"{stored.header.kind}{stored.header.item}")


def _chunks(stored: StoredArray) -> Iterator[tuple[bytes, Numbers]]:
    """The first megabytes of an array, as bytes and as numbers.

    Raises:
        Problem: NaN or infinity is among them.
    """
    code = _code(stored) or "B"
    swapped = stored.header.descr.startswith(">") == (sys.byteorder == "little")
    with stored.open() as stream:
        read_header(stream, stored.label)
        left = min(stored.header.count * stored.header.item, _LOOKED_AT)
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            numbers: Numbers = array.array(code)
            numbers.frombytes(chunk[: len(chunk) // numbers.itemsize * numbers.itemsize])
            if swapped:
                numbers.byteswap()
            if code in _FRACTIONS and not math.isfinite(sum(numbers)):
                raise Problem("calibration-not-finite", f"{stored.label} holds NaN or infinity; remove those samples.")
            if numbers:
                yield chunk, numbers
