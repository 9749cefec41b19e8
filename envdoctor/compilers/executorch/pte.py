"""A .pte file as ExecuTorch's runtime reads it: what it takes, what runs it, and whether it is whole.

Formats: executorch 1.5.1, schema/program.fbs (identifier ET12), runtime/executor's extended header (`eh00`, at byte 8)
and, of a delegate for XNNPACK, backends/xnnpack/serialization/schema.fbs behind its own header (`XH00`).
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.compilers.executorch.pte_whole import outside, require_program, require_xnnpack
from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.flatbuffer import Table


IDENTIFIER = b"ET12"
_OPERATORS = Path(__file__).with_name("operators.toml")
_HEADER = struct.Struct("<4sIQQ")
_SIZE_OF_SEGMENTS = struct.Struct("<Q")
_XNNPACK_HEADER = struct.Struct("<4x4sHIIIQ")
_TENSOR, _KERNEL, _DELEGATE = 5, 1, 2  # KernelTypes and InstructionArguments
_IN_SEGMENT, _ALIGNMENT = 1, 4
_ETHOS_U = (b"vela_bin_stream", b"vela_end_stream")
_CHIP = re.compile(r"ethos-u\d+-\d+")
#: ScalarType.
_TYPES = {
    0: "uint8", 1: "int8", 2: "int16", 3: "int32", 4: "int64", 5: "float16", 6: "float32", 7: "float64", 11: "bool",
    15: "bfloat16", 27: "uint16", 28: "uint32", 29: "uint64",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """A part of a program that a backend runs.

    Attributes:
        backend: its name (`XnnpackBackend`).
        operators: what it was made of, by name, where its data tell.
        options: what the compiler was told, by name.
    """

    backend: str
    operators: Mapping[str, int]
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a file says of its first method.

    Attributes:
        method: its name.
        inputs, outputs: type and shape of each (`float32 [1, 3, 32, 32]`).
        delegates: those that are called, in order.
        kernels: operators that the runtime's own kernels run, by name.
        outside: whether weights are in another file.
    """

    method: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    delegates: tuple[Delegate, ...]
    kernels: Mapping[str, int]
    outside: bool

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that the runtime must have, in order of appearance."""
        return tuple(dict.fromkeys(one.backend for one in self.delegates))

    @property
    def chip(self) -> str:
        """The Ethos-U that it is compiled for, as Vela names it; empty if it is for none."""
        words = (word for one in self.delegates for word in one.options.values())
        return next((match[0] for word in words if (match := _CHIP.search(word))), "")


def read_program(path: Path) -> Program:
    """Read a file.

    Raises:
        Unreadable: it is none, it is damaged, cut short, or a part in it is empty.
    """
    try:
        return parse_program(map_file(path))
    except Unreadable as error:
        words = str(error).removeprefix(f"{path} is ")
        raise Unreadable(f"{path} is no whole .pte file: {words}") from None


def read_pte(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .pte file; None for any other.

    Raises:
        Unreadable: it is damaged or cut short.
    """
    del path
    if not fields.starts(IDENTIFIER, 4):
        return None
    program = parse_program(fields.data)
    fields.require_size(_end(fields.data))
    told = {"chip": program.chip, "targets": (program.chip,), "kind": "pte-ethos-u"} if program.chip else {}
    if not told and "XnnpackBackend" in program.backends:
        told = {"chip": "any CPU (XNNPACK)", "kind": "pte-xnnpack"}
    elif not told and program.backends:
        told = {"chip": f"what the delegates {', '.join(program.backends)} run on"}
    return identity_of(
        "pte",
        inputs=program.inputs,
        outputs=program.outputs,
        runtime=", ".join(("ExecuTorch's runtime of the compiler's release or newer", *_needs(program))),
        details=(
            f"method {program.method}",
            *(f"delegate {one.backend}{_counted(one.operators, ': ')}" for one in program.delegates),
        ),
        checked="the sizes in its header and the places of its parts agree with the file",
        **told,
    )


def _needs(program: Program) -> Iterator[str]:
    """What the runtime has to have linked in."""
    if program.backends:
        yield f"with {' and '.join(program.backends)}"
    if program.kernels:
        yield f"with kernels for{_counted(program.kernels, ' ')}"
    if program.outside:
        yield "with the file of its weights (.ptd)"


def _counted(names: Mapping[str, int], lead: str) -> str:
    return lead + ", ".join(f"{count} {name}" for name, count in names.items()) if names else ""


def parse_program(data: memoryview) -> Program:
    """The same of a file's bytes.

    Raises:
        Unreadable: see `read_program`.
    """
    if bytes(data[4:8]) != IDENTIFIER:
        raise Unreadable(f"bytes 4 to 8 are not {IDENTIFIER.decode()}")
    program, segments = _split(data)
    root = FlatBuffer(program).root()
    stored = _Stored(root, segments)
    require_program(program, stored.sizes)
    plans = list(root.tables(1))
    if not plans:
        raise Unreadable("it has no method")
    return next(iter([_plan(plan, stored) for plan in plans]))  # all of them are looked into


def _end(data: memoryview) -> int:
    """Where its header says that it ends."""
    program, segments = _split(data)
    return len(program) if not segments else _HEADER.unpack_from(data, 8)[3] + len(segments)


def _split(data: memoryview) -> tuple[memoryview, memoryview]:
    """The flatbuffer, and the segments behind it; a file without the extended header is all flatbuffer."""
    if len(data) < 8 + _HEADER.size + _SIZE_OF_SEGMENTS.size or bytes(data[8:12]) != b"eh00":
        if len(data) % _ALIGNMENT:
            raise Unreadable(f"its {len(data)} bytes are no multiple of {_ALIGNMENT}, as those of a flatbuffer are")
        return data, data[:0]
    _, length, size, base = _HEADER.unpack_from(data, 8)
    has_size = length >= _HEADER.size + _SIZE_OF_SEGMENTS.size
    behind = _SIZE_OF_SEGMENTS.unpack_from(data, 8 + _HEADER.size)[0] if has_size else 0
    if size > len(data) or (base and base < size) or base + behind > len(data):
        raise Unreadable(f"its header tells of {max(size, base + behind)} bytes, and it has {len(data)}")
    return data[:size], data[base : base + behind if has_size else len(data)] if base else data[:0]


class _Stored:
    """The data that a program refers to by number, each checked to be there."""

    def __init__(self, root: Table, segments: memoryview) -> None:
        self._inline = [one.raw(0) for one in root.tables(3)]
        self._segments = [_cut(segments, one.integer(0, "Q"), one.integer(1, "Q")) for one in root.tables(4)]
        self.sizes = [len(each) for each in self._segments]
        named = [(one.string(0), one.integer(1, "I")) for one in root.tables(7)]
        for name, number in named:
            if number >= len(self._segments):
                raise Unreadable(f"the weights {name} are in segment {number} of {len(self._segments)}")
        self.named = {name or "": self.sizes[number] for name, number in named}

    def of(self, reference: Table | None) -> bytes | memoryview:
        """The data of a delegate."""
        place = reference and reference.integer(0, "b")
        where = self._segments if place == _IN_SEGMENT else self._inline
        number = 0 if reference is None else reference.integer(1, "I")
        found = where[number] if reference is not None and number < len(where) else None
        if not found:
            raise Unreadable("the data of a delegate are not in it")
        return found


def _cut(data: memoryview, offset: int, size: int) -> memoryview:
    if offset + size > len(data):
        raise Unreadable(f"a segment ends at byte {offset + size} of {len(data)}")
    return data[offset : offset + size]


def _plan(plan: Table, stored: _Stored) -> Program:
    values = list(plan.tables(2))
    names = [_operator(one) for one in plan.tables(6)]
    delegates = [_delegate(one, stored) for one in plan.tables(7)]
    kernels: Counter[str] = Counter()
    called: list[Delegate] = []
    for instruction in (one for chain in plan.tables(5) for one in chain.tables(2)):
        kind, call = instruction.integer(0, "B"), instruction.table(1)
        if call is None:
            continue
        if kind == _KERNEL:
            kernels[names[call.integer(0)]] += 1
        elif kind == _DELEGATE:
            called.append(delegates[call.integer(0)])
    takes, gives = plan.numbers(3, "i") or (), plan.numbers(4, "i") or ()
    if not kernels and not called and not set(gives) & set(takes):  # a method may hand on what it gets
        raise Unreadable("its method does nothing")
    tensors = (value.table(1) for value in values if value.integer(0, "B") == _TENSOR)
    return Program(
        method=plan.string(0) or "",
        inputs=tuple(_described(values[index]) for index in takes),
        outputs=tuple(_described(values[index]) for index in gives),
        delegates=tuple(called),
        kernels=kernels,
        outside=any(outside(tensor) for tensor in tensors if tensor is not None),
    )


def _operator(row: Table) -> str:
    name, overload = row.string(0) or "", row.string(1) or ""
    return f"{name}.{overload}" if overload else name


def _described(value: Table) -> str:
    tensor = value.table(1)
    if value.integer(0, "B") != _TENSOR or tensor is None:
        return "no tensor"
    kind = tensor.integer(0, "b")
    return f"{_TYPES.get(kind, f'type {kind}')} {list(tensor.numbers(2, 'i') or ())}"


def _delegate(row: Table, stored: _Stored) -> Delegate:
    backend = row.string(0) or ""
    data = memoryview(stored.of(row.table(1)))
    options = {one.string(0) or "": _text(one.raw(1)) for one in row.tables(2)}
    if backend == "EthosUBackend":
        _require_stream(data)
    operators = _operators_of_xnnpack(data, stored) if backend == "XnnpackBackend" else {}
    return Delegate(backend=backend, operators=operators, options=options)


def _text(value: memoryview | None) -> str:
    return "" if value is None else bytes(value[:1024]).decode("utf-8", "replace")


def _require_stream(data: memoryview) -> None:
    """The blocks that Vela writes, between a first and a last one."""
    first, last = _ETHOS_U
    if bytes(data[: len(first)]) != first or last not in bytes(data[-64:]):
        raise Unreadable("the data for the Ethos-U are not what Vela writes, or cut short")


def _operators_of_xnnpack(data: memoryview, stored: _Stored) -> Mapping[str, int]:
    if len(data) < _XNNPACK_HEADER.size or bytes(data[4:8]) != b"XH00":
        raise Unreadable("the data for XNNPACK have no header")
    _, _, start, size, weights, bytes_of_weights = _XNNPACK_HEADER.unpack_from(data)
    graph = _cut(data, start, size)
    require_xnnpack(graph, len(_cut(data, weights, bytes_of_weights)), stored.named)
    names: list[str] = load_file(_OPERATORS)["xnnpack"]
    kinds = [node.integer(0, "B") for node in FlatBuffer(graph).root().tables(1)]
    if not kinds:
        raise Unreadable("the graph for XNNPACK is empty")
    return Counter(names[kind - 1] if 0 < kind <= len(names) else f"operator {kind}" for kind in kinds)
