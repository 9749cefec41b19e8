"""What edgetpu_compiler refused, read off files that it wrote, without the models that they were made from.

    python tools/read_compiled_models.py --source OWNER/NAME FILE_edgetpu.tflite ...

An operator that is still in such a file, and that takes nothing but what Edge TPU operators give, was refused for
itself: nothing stood before it that could have stopped the compiler. Each is printed as a row for ops.toml, with what
the rule book says of it: `refused` (known), `unknown` (new evidence) or `taken` (a contradiction). A file that was
compiled with -i, -d or -n ends where its maker said, which the file does not tell: look at the contradictions first,
and believe no row that one maker's files show alone without asking how they were compiled.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.agreement import EDGETPU_CUSTOM_OP
from envdoctor.compilers.edgetpu.limits import Question
from envdoctor.compilers.edgetpu.rulebook import Compiler, find_compiler, rulebook
from envdoctor.compilers.edgetpu.support import objection
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.tflite.model import Model, Operator, Subgraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One form of an operator that was refused, and what the rule book says of it."""

    op: str
    version: int
    types: str
    shapes: str
    size: int
    release: str
    says: str

    def __str__(self) -> str:
        return (
            f'{{ op = "{self.op}", version = {self.version}, types = "{self.types}", shapes = "{self.shapes}", '
            f'size = {self.size}, release = "{self.release}", says = "{self.says}"'
        )


def refused_operators(model: Model) -> Iterator[Operator]:
    """Operators on the CPU that are fed by the Edge TPU alone."""
    subgraph = model.main
    made = {tensor for op in subgraph.operators if op.custom_code == EDGETPU_CUSTOM_OP for tensor in op.outputs}
    for op in subgraph.operators:
        taken = [tensor.index for tensor in subgraph.taken(op) if not tensor.constant]
        if op.custom_code != EDGETPU_CUSTOM_OP and taken and made.issuperset(taken):
            yield op


def rows(model: Model, compiler: Compiler) -> Iterator[Row]:
    """The rows that one compiled file gives, for the compiler that wrote it."""
    for op in refused_operators(model):
        question = Question(subgraph=model.main, operator=op, compiler=compiler, rules=rulebook())
        found = objection(question, int8=compiler.int8)
        says = "taken" if found is None else "refused" if found.certain else "unknown"
        yield _row(model.main, op, compiler, says)


def _row(subgraph: Subgraph, op: Operator, compiler: Compiler, says: str) -> Row:
    sides = [[tensor for tensor in side if not tensor.constant] for side in (subgraph.taken(op), subgraph.given(op))]
    return Row(
        op=op.label,
        version=op.version,
        types=" to ".join(",".join(tensor.dtype for tensor in side) for side in sides),
        shapes=" to ".join(",".join(str(list(tensor.shape)) for tensor in side) for side in sides),
        size=max((math.prod(tensor.shape) for tensor in sides[1]), default=0),
        release=compiler.release,
        says=says,
    )


def read(paths: Iterable[Path], compiler: Compiler) -> Counter[Row]:
    """How often each row is found in some files; a file that can't be read is named on standard error and left out."""
    found = Counter[Row]()
    for path in paths:
        try:
            found.update(rows(read_model(path), compiler))
        except Unreadable as error:
            print(f"{path}: {error}", file=sys.stderr)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows of all files, the contradictions first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--source", required=True, help="where the files are from, OWNER/NAME: each row carries it")
    parser.add_argument("--release", default="16.0", help="the compiler's, as its log gives it (default: 16.0)")
    given = parser.parse_args(arguments)
    order = ("taken", "unknown", "refused")
    found = read(given.files, find_compiler(given.release))
    for row, count in sorted(found.items(), key=lambda item: (order.index(item[0].says), item[0].op, item[0].size)):
        print(f'{row}, source = "compiled {given.source}" }},  # {count} times')
    return 0


if __name__ == "__main__":
    sys.exit(main())
