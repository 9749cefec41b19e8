"""Whether a program of RKNPU2 is whole: its tables, the data of its tensors, the tasks, what the file says twice.

Sources: schema.toml beside; a task is `struct rknpu_task` of Rockchip's driver; what files of the toolkit agree in.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer_schema import require_among, tables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.tflite.flatbuffer import Table

_SCHEMA = Path(__file__).with_name("schema.toml")
_TASK = struct.Struct("<4xI16xI4xQ")  # its node, how many commands, where they begin
_COMMAND = struct.Struct("<6xH")  # its unit: one bit, and the lowest
_ROUNDED_TO = 64
_COMMANDS, _TASKS = 9, 10  # kinds of tensors
_COUNTS = {"node_num": "nodes", "norm_tensor_num": "norm_tensor"}
_ENDS = {"input": 2, "output": 3}


def require_program(program: memoryview, told: dict[str, Any]) -> list[tuple[int, int]]:
    """Where in a program the data of its tensors lie: first byte and size of each.

    Args:
        program: the flatbuffer.
        told: the description behind it.

    Raises:
        Unreadable: a table in it is damaged, uses what is not there, or says another thing than the description.
    """
    root, *_ = (table for _, table in tables_of(program, load_file(_SCHEMA), "Model"))
    graphs = list(root.tables(2))
    places = [each.span(0) or (0, 0) for each in root.tables(20)]
    if not graphs:
        raise Unreadable("its program has no graph")
    for graph in graphs:
        _require_graph(graph, [program[start : start + size] for start, size in places])
    _require_said_twice(root, graphs[0], told)
    return places


def _require_graph(graph: Table, buffers: Sequence[memoryview]) -> None:
    tensors, nodes = list(graph.tables(0)), list(graph.tables(1))
    for table, fields in ((graph, (2, 3)), *((node, (4, 5)) for node in nodes)):
        for field in fields:
            require_among(len(tensors), table.numbers(field, "i") or (), "tensors")
    for node in nodes:
        if not (node.string(1) or "\0").isprintable() or not (node.string(2) or "").isprintable():
            raise Unreadable(f"a node in it is of the kind {node.string(1)!r} and called {node.string(2)!r}")
    for tensor in tensors:
        _require_tensor(tensor)
    if buffers:  # the toolkit's first versions kept the data elsewhere
        data = dict(_data(tensor, buffers) for tensor in tensors)
        _require_tasks(data.get(_TASKS, b""), data.get(_COMMANDS, b""), len(nodes))


def _data(tensor: Table, buffers: Sequence[memoryview]) -> tuple[int, memoryview]:
    """The kind of a tensor, and its data."""
    number, size = tensor.integer(18, "I"), tensor.integer(12, "I")
    require_among(len(buffers), (number,), "pieces of data")
    if number and len(buffers[number]) <= size - _ROUNDED_TO:
        raise Unreadable(f"the tensor {tensor.string(5)} of {size:,} bytes has {len(buffers[number]):,}")
    return tensor.integer(2, "B"), buffers[number]


def _require_tasks(tasks: memoryview | bytes, commands: memoryview | bytes, nodes: int) -> None:
    if len(tasks) % _TASK.size or len(commands) % _COMMAND.size:
        raise Unreadable(f"{len(tasks):,} bytes of tasks and {len(commands):,} of commands are no whole ones")
    if bad := next((each for (each,) in _COMMAND.iter_unpack(commands) if _is_no_unit(each)), None):
        raise Unreadable(f"a command is for the unit {bad:#x} of the NPU")
    for node, count, start in _TASK.iter_unpack(tasks):
        require_among(nodes, (node,), "nodes")
        end = start + count * _COMMAND.size
        if end > len(commands):
            raise Unreadable(f"the commands of a task end at byte {end:,} of {len(commands):,}")


def _is_no_unit(word: int) -> bool:
    return bool(word) and (word % 2 == 0 or (word - 1) & (word - 2) != 0)


def _require_tensor(tensor: Table) -> None:
    name, sizes = tensor.string(5) or "", (*(tensor.numbers(3, "i") or ()), *(tensor.numbers(4, "i") or ()))
    if not name.isprintable() or (sizes and (not name or min(sizes) < 0)):
        raise Unreadable(f"a tensor is called {name!r} and has the sizes {sizes}")
    scales = tensor.numbers(10, "f") or ()
    if len(scales) != len(tensor.numbers(11, "i") or ()) or not all(map(math.isfinite, scales)):
        raise Unreadable(f"the scales and zero points of the tensor {name} don't belong together")


def _require_said_twice(root: Table, graph: Table, told: dict[str, Any]) -> None:
    for count, items in _COUNTS.items():
        if isinstance(told.get(items), list) and told.get(count, len(told[items])) != len(told[items]):
            raise Unreadable(f"its description counts {told[count]} {items}, and has {len(told[items])}")
    version = (root.string(7) or "").partition("(")[0]
    if "version" in told and told["version"] != version:
        raise Unreadable(f"its program is of the toolkit {version!r}, and its description of {told['version']!r}")
    tensors = list(graph.tables(0))
    for side, field in _ENDS.items():
        ends = [tensors[each] for each in graph.numbers(field, "i") or ()]
        mine = [(each.string(5), each.numbers(4, "i") or ()) for each in ends]
        theirs = ends_of(told, side)
        if theirs is not None and mine != [(each["url"], each["size"]) for each in theirs]:
            raise Unreadable(f"the {side}s of its program are not those of its description")


def ends_of(told: dict[str, Any], side: str) -> list[dict[str, Any]] | None:
    """The tensors that a description says go in or out; None where it has another form."""
    try:
        tensors = {each["tensor_id"]: each for each in told["norm_tensor"]}
        ends = [tensors[each["right_tensor_id"]] for each in told["graph"] if each["left"] == side]
        return [{"url": each["url"], "size": tuple(each["size"]), "kind": each["dtype"]["vx_type"]} for each in ends]
    except (KeyError, TypeError, AttributeError):
        return None
