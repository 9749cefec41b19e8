"""Whether a .pte file is whole: what ExecuTorch's runtime refuses when it loads a program and its methods.

Sources: executorch 1.5.1, runtime/executor (program, method, tensor_parser), backends/xnnpack/runtime/XNNCompiler.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer_schema import require_among, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envdoctor.tflite.flatbuffer import Table

_SCHEMA = Path(__file__).with_name("schema.toml")
_OPERATOR, _BACKEND = re.compile(r"[A-Za-z_]\w*::[A-Za-z_]\w*(\.\w+)?"), re.compile(r"[A-Za-z_][\w.-]*")
#: Bytes of an element, by ScalarType.
_WIDTHS = {
    **dict.fromkeys((0, 1, 11, 12, 13, 16, 17, 23, 24, 25, 26), 1), **dict.fromkeys((2, 5, 15, 22, 27), 2),
    **dict.fromkeys((3, 6, 8, 14, 28), 4), **dict.fromkeys((4, 7, 9, 29), 8), 10: 16,
}  # fmt: skip
_TENSOR, _MOST_KINDS = 5, 32  # 11 in 2026
#: What an instruction is, by its number, and the fields that name a value.
_KINDS: Mapping[int, tuple[int, ...]] = {1: (), 2: (), 3: (0, 1), 4: (0,), 5: (0,)}
_NONE, _ABSENT = 0xFFFFFFFF, -1


def require_program(data: memoryview, sizes: Sequence[int]) -> None:
    """Refuse a program that the runtime does not load.

    Args:
        data: the flatbuffer.
        sizes: the bytes of its segments.

    Raises:
        Unreadable: a table in it is damaged, or it uses what is not there.
    """
    root = None
    plans: list[Table] = []
    for name, table in tables_of(data, load_file(_SCHEMA)["program"], "Program"):
        root = root or table
        if name == "ExecutionPlan":
            plans.append(table)
        elif name == "Operator" and not _OPERATOR.fullmatch(f"{table.string(0)}{_overload(table)}"):
            raise Unreadable(f"it asks for an operator {table.string(0)!r}{_overload(table)!r}")
        elif name == "BackendDelegate" and not _BACKEND.fullmatch(table.string(0) or ""):
            raise Unreadable(f"it asks for a backend {table.string(0)!r}")
    if root is None or root.integer(0, "I"):
        raise Unreadable("it is of a version that the runtime does not have")
    constants = _constants(root, sizes)
    for plan in plans:
        _require_plan(plan, constants)


def _overload(operator: Table) -> str:
    name = operator.string(1)
    return f".{name}" if name else ""


def _constants(root: Table, sizes: Sequence[int]) -> Sequence[int]:
    """The bytes that each constant may have at most."""
    segment = root.table(5)
    offsets = segment and segment.numbers(1, "Q")
    if not segment or not offsets:
        return [len(each.raw(0) or b"") for each in root.tables(2)]
    number = segment.integer(0, "I")
    if number >= len(sizes) or max(offsets) > sizes[number]:
        raise Unreadable("its constants are not in their segment")
    return [sizes[number] - offset for offset in offsets]


def _require_plan(plan: Table, constants: Sequence[int]) -> None:
    values = list(plan.tables(2))
    memory = plan.numbers(8, "q") or ()
    require_among(len(values), (*(plan.numbers(3, "i") or ()), *(plan.numbers(4, "i") or ())), "values")
    for value in values:
        kind, content = value.integer(0, "B"), value.table(1)
        if (content is None and kind != 1) or kind > _MOST_KINDS:
            raise Unreadable(f"one of its values is empty, or of the unknown kind {kind}")
        if content is not None and kind == _TENSOR:
            _require_tensor(content, constants, memory)
        elif content is not None and kind in {7, 10}:
            require_among(len(values), content.numbers(0, "q" if kind == 7 else "i") or (), "values")  # noqa: PLR2004
    counts = len(values), sum(1 for _ in plan.tables(6)), sum(1 for _ in plan.tables(7))
    for chain in plan.tables(5):
        instructions = list(chain.tables(2))
        for instruction in instructions:
            _require_instruction(instruction, counts, len(instructions))


def _require_instruction(instruction: Table, counts: tuple[int, int, int], length: int) -> None:
    kind, call = instruction.integer(0, "B"), instruction.table(1)
    if kind not in _KINDS or call is None:
        raise Unreadable(f"an instruction of the kind {kind} is empty")
    if not _KINDS[kind]:
        require_among(counts[kind], [call.integer(0)], "operators or delegates")
        require_among(counts[0], call.numbers(1, "i") or (), "values")
    require_among(counts[0], [call.integer(field) for field in _KINDS[kind]], "values")
    if kind == 4:  # noqa: PLR2004  (a jump)
        require_among(length + 1, [call.integer(1)], "instructions")


def outside(tensor: Table) -> bool:
    """Whether a tensor's values are in another file (.ptd), by its name: which of them is then said by nothing."""
    extra = tensor.table(9)
    return extra is not None and extra.integer(2, "b") == 1


def _require_tensor(tensor: Table, constants: Sequence[int], memory: Sequence[int]) -> None:
    sizes, order = tensor.numbers(2, "i") or (), bytes(tensor.raw(3) or b"")
    width = _WIDTHS.get(tensor.integer(0, "b"))
    if width is None or tensor.integer(1) or not 0 <= tensor.integer(8, "b") <= 2:  # noqa: PLR2004
        raise Unreadable("a tensor has an unknown type, start or kind of shape")
    if min(sizes, default=0) < 0 or sorted(order) != list(range(len(sizes))):
        raise Unreadable(f"a tensor of the sizes {list(sizes)} has its dimensions in the order {list(order)}")
    size, number, place = math.prod(sizes) * width, tensor.integer(5, "I"), tensor.table(6)
    if place is not None:
        start = place.integer(1, "I") | place.integer(2, "I") << 32
        require_among(len(memory), [place.integer(0, "I") or _ABSENT], "pieces of memory")
        if start + size > memory[place.integer(0, "I")]:
            raise Unreadable(f"a tensor ends at byte {start + size:,} of its memory")
    elif number and not outside(tensor):
        require_among(len(constants), [number], "constants")
        if size > constants[number]:
            raise Unreadable(f"a constant of {size:,} bytes has {constants[number]:,}")


def require_xnnpack(graph: memoryview, weights: int, named: Mapping[str, int]) -> None:
    """Refuse a graph that XNNPACK's delegate does not compile.

    Args:
        graph: its flatbuffer.
        weights: the bytes of constants behind it.
        named: the bytes of the constants that the program holds, by their names; none where a file beside it does.

    Raises:
        Unreadable: see `require_program`.
    """
    if bytes(graph[4:8]) not in {b"XN00", b"XN01"}:
        raise Unreadable("the graph for XNNPACK has no mark")
    tables = list(tables_of(graph, load_file(_SCHEMA)["xnnpack"], "XNNGraph"))
    root = tables[0][1]
    constants = list(root.tables(8))
    for each in constants:
        key, start, size = each.string(2), each.integer(0, "Q"), each.integer(1, "Q")
        room = named.get(key, -1) if key else weights - start
        if size > room and (named or not key):
            raise Unreadable(f"its constant {key or start} is not in it")
    known = _values(tables, max(1, len(constants) or sum(1 for _ in root.tables(6))))
    fields: Mapping[str, Sequence[int]] = load_file(_SCHEMA)["values"]
    used = [node.integer(field, "I") for name, node in tables for field in fields.get(name, ())]
    lost = {*used, *(root.numbers(4, "I") or ()), *(root.numbers(5, "I") or ())} - known
    if lost:
        raise Unreadable(f"the graph for XNNPACK uses the value {min(lost)}, which is not defined")


def _values(tables: Iterable[tuple[str, Table]], constants: int) -> set[int]:
    """The numbers of a graph's values."""
    known = {_NONE}
    for name, tensor in tables:
        if name == "XNNTensorValue":
            known.add(tensor.integer(6, "I"))
            if tensor.integer(1, "I") != len(tensor.numbers(2, "I") or ()) or not tensor.integer(0, "h"):
                raise Unreadable("a tensor for XNNPACK has no type, or another number of dimensions than it says")
            require_among(constants, [tensor.integer(3, "I")], "constants for XNNPACK")
    return known
