"""What no reader takes of an operator, whatever kernels it has: parts that are missing, or that disagree. Pure."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.schema import ENUMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.tflite.model import Operator, Subgraph, Tensor

_ENUM_OPTIONS = {"padding": "P", "fused_activation_function": "A", "weights_format": "W"}
_LARGEST_STEP, _NEWEST_VERSION = 32767, 1000  # of CONV_2D 8 in 2026
_INDEXES = frozenset({"INT16", "INT32", "INT64"})
_QUANTIZED, _UNSCALED = frozenset({"INT8", "UINT8"}), frozenset({"BOOL", "FLOAT32", "INT64"})


def require_fitting(subgraph: Subgraph) -> None:
    """Refuse a graph with an operator whose parts do not fit.

    Raises:
        Unreadable: there is one; the message names it.
    """
    for operator in subgraph.operators:
        wrong = next(_wrong(subgraph, operator), None)
        if wrong is not None:
            place = f"operator {operator.index} of subgraph {subgraph.index}"
            raise Unreadable(f"{place} ({operator.label}) {wrong}")


def _wrong(subgraph: Subgraph, operator: Operator) -> Iterator[str]:
    yield from _wrong_counts(operator)
    if any(subgraph.tensors[index].content is not None for index in operator.outputs if index >= 0):
        yield "writes what is stored"
    yield from _wrong_options(subgraph, operator)
    taken, given = [subgraph.input(operator, place) for place in range(len(operator.inputs))], subgraph.given(operator)
    if taken and taken[0] is not None and given:
        yield from _wrong_types(operator, taken, given[0])
        yield from _wrong_scales(operator, taken, given[0])
        yield from _wrong_shapes(operator, taken, given[0])


def _wrong_counts(operator: Operator) -> Iterator[str]:
    row = _rows("counts").get(operator.name)
    if row is None:
        return
    least, most, outputs = map(int, row.split())
    if operator.version > _NEWEST_VERSION:
        yield f"is of the version {operator.version}"
    count = len(operator.inputs)
    if operator.name == "FULLY_CONNECTED":
        outputs = 1 if operator.word("weights_format", "DEFAULT") == "DEFAULT" else 2
    if not least <= count <= most or (outputs or len(operator.outputs)) != len(operator.outputs):
        yield f"has {count} inputs and {len(operator.outputs)} outputs"
    elif min(operator.inputs[:least], default=0) < 0 or not operator.outputs or min(operator.outputs) < 0:
        yield "lacks an input or an output"


def _wrong_options(subgraph: Subgraph, operator: Operator) -> Iterator[str]:
    for option in _rows("positive").get(operator.name, "").split():
        if not 0 < operator.integer(option) <= _LARGEST_STEP:
            yield f"has {operator.integer(option)} as its {option}"
    for option, kind in _ENUM_OPTIONS.items():
        if option in operator.options and operator.word(option) not in ENUMS[kind]:
            yield f"has an unknown {option}"
    yield from _wrong_numbers(operator, subgraph.input(operator, 0))


def _wrong_numbers(operator: Operator, first: Tensor | None) -> Iterator[str]:
    """Options that count inputs or outputs, or name a dimension."""
    counting = load_table("tflite-operators")["counting"]
    for what, found in (("inputs", operator.inputs), ("outputs", operator.outputs)):
        option = counting[what].get(operator.name)
        if option and operator.integer(option) != len(found):
            yield f"has {len(found)} {what}, and {operator.integer(option)} as its {option}"
    beyond = load_table("tflite-operators")["axis"].get(operator.name)
    if beyond is not None and first is not None and first.shape:
        rank = len(first.shape) + beyond
        if not -rank <= operator.integer("axis") < rank:
            yield f"has the axis {operator.integer('axis')}, and its input the shape {list(first.shape)}"


def _wrong_types(operator: Operator, taken: list[Tensor | None], given: Tensor) -> Iterator[str]:
    count = int(_rows("same_type").get(operator.name, 0))
    compares = operator.name in load_table("tflite-operators")["compared"]["operators"].split()
    kinds = [each.dtype for each in taken[: 2 if compares else count] if each is not None]
    if len({*kinds, *(() if compares or not count else (given.dtype,))}) > 1 or (compares and given.dtype != "BOOL"):
        yield f"takes {' and '.join(kinds)} and gives {given.dtype}"
    vectors = [
        taken[place] for place in load_table("tflite-operators")["vectors"].get(operator.name, ()) if place < len(taken)
    ]
    if any(each is not None and each.content is not None and len(each.shape) != 1 for each in vectors):
        yield "takes other than lists for its places"
    second = taken[1].dtype if len(taken) > 1 and taken[1] is not None else "INT32"
    if second not in _INDEXES and operator.name in load_table("tflite-operators")["indexed"]["operators"].split():
        yield f"takes {second} for numbers of dimensions or elements"


def _wrong_scales(operator: Operator, taken: list[Tensor | None], given: Tensor) -> Iterator[str]:
    parts = [each for each in (*taken[: int(_rows("scaled").get(operator.name, 0))], given) if each is not None]
    if len(parts) == 1 or parts[0].dtype not in _QUANTIZED:
        return
    if any(each.quantization is None for each in parts):
        yield "computes on integers without scales"
    if given.dtype in _UNSCALED:
        yield f"takes {parts[0].dtype} and gives {given.dtype}"


def _wrong_shapes(operator: Operator, taken: list[Tensor | None], given: Tensor) -> Iterator[str]:
    """A shape that the operator can't give; nothing where the rank, or a size beside the batch, is open or 0."""
    known = [each for each in taken if each is not None]
    if any(-1 in (each.shape_signature or ())[1:] or not each.shape for each in (known[0], given)):
        return
    if any(0 in each.shape for each in (*known, given)):
        return
    shapes, words = load_table("tflite-operators")["shapes"], f"gives {list(given.shape)} of {list(known[0].shape)}"
    open_batch = any(-1 in (each.shape_signature or ()) for each in (known[0], given))
    same = shapes["same_elements"].split() + ([] if open_batch else shapes["rearranged"].split())
    if operator.name in same and known[0].elements != given.elements:
        yield words
    if operator.name in shapes["windows"].split() and not _windows_fit(operator, known, given):
        yield words
    if operator.name == "FULLY_CONNECTED" and len(known) > 1 and not _dense_fits(known[0], known[1], given, open_batch):
        yield words


def _windows_fit(operator: Operator, taken: list[Tensor], given: Tensor) -> bool:
    pools = len(taken) == 1
    if any(len(each.shape) != 4 for each in (*taken[:2], given)):  # noqa: PLR2004  (batch, rows, columns, channels)
        return False
    filters = [operator.integer(f"filter_{name}") for name in ("height", "width")] if pools else taken[1].shape[1:3]
    for place, side in ((1, "h"), (2, "w")):
        size, step = taken[0].shape[place], operator.integer(f"stride_{side}")
        reach = (filters[place - 1] - 1) * (1 if pools else operator.integer(f"dilation_{side}_factor")) + 1
        padded = size if operator.word("padding") == "SAME" else size - reach + 1
        if given.shape[place] != math.ceil(padded / step):
            return False
    return True


def _dense_fits(taken: Tensor, weights: Tensor, given: Tensor, open_batch: bool) -> bool:  # noqa: FBT001
    if len(weights.shape) != 2:  # noqa: PLR2004  (outputs, inputs)
        return False
    outputs, inputs = weights.shape
    if open_batch:  # the batch may have taken in other dimensions, whose sizes are not told then
        return taken.elements % inputs == 0 == given.elements % outputs
    return taken.elements % inputs == 0 and given.elements == taken.elements // inputs * outputs


@functools.cache
def _rows(table: str) -> Mapping[str, str]:
    """What a table of lists says of each operator."""
    rows: Mapping[str, str] = load_table("tflite-operators")[table]
    return {name: key for key, names in rows.items() for name in names.split()}
