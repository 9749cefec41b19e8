"""Reading a .tflite file: bytes -> Model. Pure Python, so that nothing heavy is needed to look at a model.

The file is mapped, its tables are decoded, its constants stay where they are until somebody asks for them.
Schema: tensorflow/compiler/mlir/lite/schema/schema.fbs; the numbers beside the fields here are the ordinals there.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from envdoctor.core.errors import Unreadable
from envdoctor.support.files import open_regular, read_up_to
from envdoctor.tflite.flatbuffer import FlatBuffer, Table
from envdoctor.tflite.model import (
    Content,
    Location,
    Model,
    Operator,
    OperatorCode,
    Quantization,
    Signature,
    Subgraph,
    Tensor,
)
from envdoctor.tflite.operator_parts import require_fitting
from envdoctor.tflite.schema import (
    BUILTIN_OPERATORS,
    ENUMS,
    FILE_IDENTIFIER,
    TENSOR_TYPES,
    OptionField,
    option_fields,
    options_table,
)
from envdoctor.tflite.sparsity import stored_values
from envdoctor.tflite.wholeness import require_sound

if TYPE_CHECKING:
    from envdoctor.tflite.model import OptionValue

_T = TypeVar("_T")
_BLOCKWISE = 2
"""QuantizationDetails: scales are kept in another tensor, one for each block."""
_VERSION = 3
_READ_AT_ONCE = 128 << 20
_PLACEHOLDER = 127
"""What deprecated_builtin_code holds for an operator that does not fit into its eight bits."""


def read_model(path: Path | str) -> Model:
    """The model in a file. Maps it; constants are not read.

    Raises:
        Unreadable: no .tflite file, or a damaged one; the message names the file and the place.
    """
    return open_model(map_file(Path(path)), name=str(path))


def map_file(path: Path) -> memoryview:
    """A file's bytes, mapped into memory; read where they are few, since a mapped file that shrinks ends the process.

    Raises:
        Unreadable: it can't be opened, is no regular file, or is empty.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if 0 < size <= _READ_AT_ONCE:
                content = file.read(size)  # in one piece, where the system gives it
                return memoryview(content if len(content) == size else content + read_up_to(file, size - len(content)))
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError:
        raise Unreadable(f"{path} is empty; the step that should have written it failed") from None
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}") from error


def open_model(data: bytes | memoryview, name: str = "the model") -> Model:
    """The model in some bytes; `name` is what messages call it.

    Raises:
        Unreadable: no .tflite file, or a damaged one.
    """
    if bytes(data[4:8]) != FILE_IDENTIFIER:
        raise Unreadable(f"{name} is no .tflite file: bytes 4 to 8 are {bytes(data[4:8])!r}, not {FILE_IDENTIFIER!r}")
    try:
        return _Reading(data).model(name)
    except Unreadable as error:
        raise Unreadable(f"{name} is damaged: {error}") from error


class _Code(NamedTuple):
    code: OperatorCode
    deprecated_only: bool


class _Reading:
    """One pass over a model's tables."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data).toreadonly()
        self._root = FlatBuffer(self._data).root()
        self._codes = [_operator_code(table) for table in self._root.tables(1)]
        self._buffers = [self._buffer(table) for table in self._root.tables(4)]
        self._external = {table.integer(0, "I") for table in self._root.tables(9)}

    def model(self, name: str) -> Model:
        version = self._root.integer(0, "I")
        if version != _VERSION:
            raise Unreadable(f"its schema is of version {version}, where {_VERSION} is the only one")
        subgraphs = tuple(self._subgraph(index, table) for index, table in enumerate(self._root.tables(2)))
        if not subgraphs:
            raise Unreadable("it has no subgraph")
        return Model(
            name=name,
            version=version,
            description=self._root.string(3) or "",
            operator_codes=tuple(code.code for code in self._codes),
            subgraphs=subgraphs,
            signatures=tuple(_signature(table, subgraphs) for table in self._root.tables(7)),
            metadata=dict(self._metadata()),
            external_buffers=any(buffer and buffer.location is not Location.INSIDE for buffer in self._buffers),
            deprecated_codes_only=any(code.deprecated_only for code in self._codes),
        )

    def _buffer(self, table: Table) -> Content | None:
        offset, size = table.integer(1, "Q"), table.integer(2, "Q")
        if offset > 1:  # 0 and 1 mean: no such thing
            return Content(source=self._data, start=offset, size=size, location=Location.AFTER)
        span = table.span(0)
        return Content(source=self._data, start=span[0], size=span[1]) if span and span[1] else None

    def _metadata(self) -> Iterator[tuple[str, Content]]:
        for table in self._root.tables(6):
            content = _item(self._buffers, table.integer(1, "I"), "buffer")
            yield table.string(0) or "", content or Content(source=b"", size=0)

    def _subgraph(self, index: int, table: Table) -> Subgraph:
        tensors = tuple(self._tensor(number, item) for number, item in enumerate(table.tables(0)))
        subgraph = Subgraph(
            index=index,
            name=table.string(4) or "",
            tensors=tensors,
            inputs=_indexes(table, 1, len(tensors)),
            outputs=_indexes(table, 2, len(tensors)),
            operators=tuple(self._operator(number, item, len(tensors)) for number, item in enumerate(table.tables(3))),
        )
        require_fitting(subgraph)
        return subgraph

    def _tensor(self, index: int, table: Table) -> Tensor:
        shape, signature, sparsity = table.numbers(0, "i") or (), table.numbers(7, "i"), table.table(6)
        values = None if sparsity is None else stored_values(sparsity, shape)
        tensor = Tensor(
            index=index,
            name=table.string(3) or "",
            shape=shape,
            shape_signature=shape if signature == shape else signature,  # one object for the common case
            dtype=_named(TENSOR_TYPES, table.integer(1, "b"), "TYPE"),
            quantization=_quantization(table.table(4)),
            # A sparse tensor of zeros alone stores none: an empty value, which is not that nothing makes it.
            content=self._content(table) or (Content(source=b"", size=0) if values == 0 else None),
            is_variable=bool(table.scalar(5, "?")),
            sparse=sparsity is not None,
        )
        require_sound(tensor, values)
        return tensor

    def _content(self, table: Table) -> Content | None:
        elsewhere = table.integer(10, "I")
        if elsewhere:
            if elsewhere not in self._external:
                raise Unreadable(f"a tensor's value is the external buffer {elsewhere}, which is not listed")
            return Content(source=b"", size=0, location=Location.ELSEWHERE)
        number = table.integer(2, "I")
        return _item(self._buffers, number, "buffer") if number else None

    def _operator(self, index: int, table: Table, tensors: int) -> Operator:
        code = _item(self._codes, table.integer(0, "I"), "operator code").code
        return Operator(
            index=index,
            name=code.name,
            custom_code=code.custom_code,
            version=code.version,
            inputs=_indexes(table, 1, tensors),
            outputs=_indexes(table, 2, tensors),
            options=_options(table),
            custom_options=self._custom_options(table),
        )

    def _custom_options(self, table: Table) -> Content | None:
        offset, size = table.integer(9, "Q"), table.integer(10, "Q")
        if offset > 1:
            return Content(source=self._data, start=offset, size=size, location=Location.AFTER)
        span = table.span(5)
        return Content(source=self._data, start=span[0], size=span[1]) if span else None


def _operator_code(table: Table) -> _Code:
    deprecated, current = table.integer(0, "b"), table.integer(3)
    name = _named(BUILTIN_OPERATORS, max(deprecated, current), "BUILTIN")
    code = OperatorCode(
        name=name, custom_code=table.string(1) if name == "CUSTOM" else None, version=table.integer(2, "i", 1)
    )
    return _Code(code, deprecated_only=current == 0 and 0 < deprecated < _PLACEHOLDER)


def _quantization(table: Table | None) -> Quantization | None:
    if table is None:
        return None
    scales, blockwise = table.array(2, "f"), table.integer(4, "B") == _BLOCKWISE
    if blockwise and table.table(5) is None:
        raise Unreadable("a tensor's scales are kept elsewhere, and it is not said where")
    if not len(scales) and not blockwise:
        return None
    return Quantization(
        scales=scales,
        zero_points=table.array(3, "q"),
        quantized_dimension=table.integer(6),
        blockwise=blockwise,
    )


def _signature(table: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
    subgraph = _item(subgraphs, table.integer(4, "I"), "subgraph")
    inputs, outputs = (
        {entry.string(0) or "": entry.integer(1, "I") for entry in table.tables(field)} for field in (0, 1)
    )
    for tensor in (*inputs.values(), *outputs.values()):
        _item(subgraph.tensors, tensor, "tensor")
    return Signature(key=table.string(2) or "", subgraph=subgraph.index, inputs=inputs, outputs=outputs)


def _options(table: Table) -> Mapping[str, OptionValue]:
    for union, type_field, value_field in ((1, 3, 4), (2, 11, 12)):
        name = options_table(union, table.integer(type_field, "B"))
        value = table.table(value_field) if name else None
        if name and value:
            return _Options(value.buffer, value.position, option_fields(name))
    return {}


class _Options(Mapping[str, "OptionValue"]):
    """An options table as a mapping, decoded field by field as it is asked; it keeps only where the table is."""

    __slots__ = ("_buffer", "_fields", "_position")

    def __init__(self, buffer: FlatBuffer, position: int, fields: Mapping[str, OptionField]) -> None:
        self._buffer, self._position, self._fields = buffer, position, fields

    def __getitem__(self, name: str) -> OptionValue:
        field, table = self._fields[name], Table(self._buffer, self._position)
        if field.code == "s":
            return table.string(field.ordinal)
        if field.vector and field.code == "B":
            return bytes(table.raw(field.ordinal) or b"")
        if field.vector:
            return table.numbers(field.ordinal, field.code) or ()
        if field.code in ENUMS:
            integer_code = "i" if field.code == "R" else "b"
            number = table.integer(field.ordinal, integer_code, field.default)
            return _named(ENUMS[field.code], number, "VALUE")
        return table.scalar(field.ordinal, field.code, bool(field.default) if field.code == "?" else field.default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def _indexes(table: Table, field: int, count: int) -> tuple[int, ...]:
    """A list of tensor indexes, checked; -1 stands for an absent optional one."""
    indexes = table.numbers(field, "i") or ()
    if indexes and not (min(indexes) >= -1 and max(indexes) < count):
        raise Unreadable(f"an operator or a graph names a tensor that isn't among its {count}: {indexes}")
    return indexes


def _item(items: Sequence[_T], index: int, what: str) -> _T:
    if index >= len(items):
        raise Unreadable(f"{what} {index} is asked for, but there are {len(items)}")
    return items[index]


def _named(names: tuple[str, ...], number: int, prefix: str) -> str:
    return names[number] if 0 <= number < len(names) else f"{prefix}_{number}"
