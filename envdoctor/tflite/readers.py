"""Programs that load .tflite files, interpreters and compilers, and what of a file each can read.

Interpreters grow by operator versions: what one reads, every later one reads. So what is known of one tells of its
neighbours, and where nothing is known, nothing is claimed. The table is data/tflite-readers.toml, the oldest first.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping  # noqa: TC003  (tools resolve the annotations of dataclasses)
from dataclasses import dataclass, field

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.tflite.edgetpu.rulebook import newest_compiler


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReader:
    """A program that loads .tflite files.

    Attributes:
        name: what a user types.
        title: what it is, for a person.
        source: how its abilities are known.
        complete: whether `reads` names every operator it knows.
        per_channel_dense: whether it computes quantized dense layers with a scale for each output right.
        per_channel_hybrid: the same for dense layers with float inputs and integer weights.
        data_outside: whether it finds constants behind the flatbuffer.
        custom_ops: the custom operators it brings along.
        accelerator: whether it is a compiler, for a chip that computes 8-bit integers.
        static_shapes: whether it refuses a graph with dynamic tensors.
        lineage: what it descends from; operator versions are compared within a lineage alone.
        edgetpu: the release of edgetpu_compiler that it is, None for another program.
        reads: operator name -> a version up to which it is known to read it.
        refuses: operator name -> a version from which on it is known to refuse the model.
    """

    name: str
    title: str
    source: str
    complete: bool = False
    per_channel_dense: bool
    per_channel_hybrid: bool
    data_outside: bool
    custom_ops: tuple[str, ...] = ()
    accelerator: bool = False
    static_shapes: bool = False
    lineage: str = "tflite"
    edgetpu: str | None = None
    reads: Mapping[str, int] = field(default_factory=dict)
    refuses: Mapping[str, int] = field(default_factory=dict)

    def knows(self, operator: str, version: int) -> bool | None:
        """Whether it reads an operator in a version by its own lists alone; None where they don't say."""
        if version <= self.reads.get(operator, 0):
            return True
        refused = version >= self.refuses.get(operator, version + 1)
        return False if refused or self.complete else None


def reader_names() -> tuple[str, ...]:
    """What `find_reader` takes, the oldest first."""
    return (*_readers(), "edgetpu")


def find_reader(name: str) -> ModelReader:
    """A program by the name a user typed.

    `edgetpu` is the newest compiler, `edgetpu-16` the same as `edgetpu-16.0`, and every Ethos-U is Vela's.

    Raises:
        UsageProblem: none of that name is known; names the nearest.
    """
    word = name.strip().lower()
    if word == "edgetpu":
        word = f"edgetpu-{newest_compiler().release}"
    elif word.startswith("ethos-u"):
        word = "vela"
    found = _readers().get(word) or _readers().get(f"{word}.0")
    if found is None:
        near = difflib.get_close_matches(word, reader_names(), n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(reader_names())}."
        raise UsageProblem(f"'{name}' is nothing that envdoctor knows to read .tflite files; {hint}")
    return found


def reads_operator(reader: ModelReader, operator: str, version: int) -> bool | None:
    """Whether a program reads an operator in a version; None where nothing is known of it nor of its neighbours."""
    own = reader.knows(operator, version)
    family = [one for one in _readers().values() if one.lineage == reader.lineage]
    if own is not None or reader not in family:
        return own
    place = family.index(reader)
    older, newer = family[:place], family[place + 1 :]
    if any(one.knows(operator, version) is True for one in older):
        return True
    return False if any(one.knows(operator, version) is False for one in newer) else None


@functools.cache
def _readers() -> Mapping[str, ModelReader]:
    return {
        name: ModelReader(name=name, **{**row, "custom_ops": tuple(row["custom_ops"])})
        for name, row in load_table("tflite-readers").items()
    }
