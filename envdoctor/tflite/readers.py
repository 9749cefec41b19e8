"""Programs that load .tflite files, interpreters and compilers, and what of a file each can read.

Interpreters grow by operator versions. What one reads is known from measuring it, or else from the TensorFlow release
that it was built from; where that is not known exactly, nothing is claimed. The tables are called
tflite-readers.toml.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping  # noqa: TC003  (tools resolve the annotations of dataclasses)
from dataclasses import dataclass
from typing import Any

from envdoctor.core.data import DATA, load_file, load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.support.text import version_tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReader:
    """A program that loads .tflite files.

    Attributes:
        name: what a user types.
        title: what it is, for a person.
        evidence: how its abilities are known.
        per_channel_dense: whether it computes quantized dense layers with a scale for each output right.
        per_channel_hybrid: the same for dense layers with float inputs and integer weights.
        data_outside: whether it finds constants behind the flatbuffer.
        custom_ops: the custom operators it brings along.
        schemes: how a model may be quantized for it, if it is a compiler for a chip that computes integers.
        static_shapes: whether it refuses a graph with dynamic tensors.
        compiler: whose goals it reads models for; empty for a program that is no goal's.
        release: of that compiler; empty if it has one alone.
        reads_to: the TensorFlow release up to which it reads every operator version, None for unknown.
        refuses_from: the release from which on it refuses them, None for unknown.
        table: the file that lists the operators it lacks, below the folder of envdoctor; empty for none.
        versions: the highest version of every operator that it reads, None where only the releases are known.
    """

    name: str
    title: str
    evidence: str
    per_channel_dense: bool
    per_channel_hybrid: bool
    data_outside: bool
    custom_ops: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    static_shapes: bool = False
    compiler: str = ""
    release: str = ""
    reads_to: str | None = None
    refuses_from: str | None = None
    table: str = ""
    versions: Mapping[str, int] | None = None

    @property
    def lacks(self) -> frozenset[str]:
        """Operators that it is known to have no kernel for."""
        return frozenset(load_file(DATA.parent / self.table)["lacking"]) if self.table else frozenset()

    @property
    def accelerator(self) -> bool:
        """Whether it is a compiler, for a chip that computes integers."""
        return bool(self.schemes)

    @property
    def interprets(self) -> bool:
        """Whether it looks up every operator first and refuses a model for one, as interpreters do; Vela doesn't."""
        return self.versions is not None or self.reads_to is not None

    def reads(self, operator: str, version: int) -> bool | None:
        """Whether it reads an operator in a version; None where nobody knows."""
        if self.versions is not None:
            return 1 <= version <= self.versions.get(operator, 0)
        added = _release_of(operator, version)
        if self.reads_to is not None and added <= version_tuple(self.reads_to):
            return True
        return False if self.refuses_from is not None and added >= version_tuple(self.refuses_from) else None


def reads_tflite(goal: str) -> bool:
    """True if a .tflite file is what the compiler of a goal starts from, so that `find_reader` knows it."""
    compilers = {row.get("compiler") for row in load_table("tflite-readers").values()}
    return load_table("goals").get(goal, {}).get("compiler") in compilers


def reader_names() -> tuple[str, ...]:
    """What `find_reader` takes: programs, and the compilers and goals that start from .tflite files."""
    goals = [name for name in load_table("goals") if reads_tflite(name)]
    compilers = (load_table("goals")[name]["compiler"] for name in goals)
    return tuple(dict.fromkeys((*load_table("tflite-readers"), *compilers, *goals)))


@functools.cache
def find_reader(name: str) -> ModelReader:
    """A program by the name a user typed: its own (`edgetpu-16` is `edgetpu-16.0`), or a goal's or a compiler's.

    Raises:
        UsageProblem: none of that name is known; names the nearest.
    """
    word, rows = name.strip().lower(), load_table("tflite-readers")
    compiler = load_table("goals").get(word, {}).get("compiler", word)
    exact = [known for known in (word, f"{word}.0") if known in rows]
    of_compiler = [known for known, row in rows.items() if row.get("compiler") == compiler]
    newest = sorted(of_compiler, key=lambda known: version_tuple(rows[known].get("release", "0")))[-1:]
    for known in (*exact, *newest):
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in rows[known].items()
        }
        return ModelReader(name=known, **values)
    if word in load_table("goals"):
        raise UsageProblem(
            f"no .tflite file leads to {word}: `envdoctor routes MODEL --to {word}` tells what does, and "
            f"`envdoctor model FILE --to {word}` looks at what a build made."
        )
    near = difflib.get_close_matches(word, reader_names(), n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(reader_names())}."
    raise UsageProblem(f"'{name}' is no reader of .tflite files that envdoctor knows; {hint}")


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _release_of(operator: str, version: int) -> tuple[int, ...]:
    """The TensorFlow release that first read an operator in a version; for one not in the table, one after its end."""
    table = load_table("tflite-op-releases")
    releases: list[str] = table["since"].get(operator, [])
    if 1 <= version <= len(releases) and releases[version - 1] != "never":
        return version_tuple(releases[version - 1])
    return (*version_tuple(table["complete_up_to"]), 1)
