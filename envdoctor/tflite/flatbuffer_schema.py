"""Whether every table of a flatbuffer is where its schema allows it, as the verifiers of flatbuffers and flatcc ask.

A schema is a table of texts: the fields of each table in the order of their numbers. A letter of `struct` is a number,
`s` a text, a name a table, `A|B` a union, whose kind is the field before it, `[x]` a vector of one of these, `[20]` a
vector of structures of so many bytes, `-` a field that is not looked at; `!` marks one that must be there.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer import FlatBuffer, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_OFFSET, _HEADER, _DEEPEST = 4, 4, 64
_NUMBERS = {size: struct.Struct(f"<{size}s") for size in (0, 1, 2, 4, 8)}


@dataclass(frozen=True, slots=True)
class _Field:
    """One field.

    Attributes:
        width: bytes in its table.
        item: bytes of an item of its vector; 0 if it is none.
        tables: the tables that it may lead to.
        is_text: True for a text, or a vector of some.
        is_union, is_required: as their names say.
    """

    width: int
    item: int = 0
    tables: tuple[str, ...] = ()
    is_text: bool = False
    is_union: bool = False
    is_required: bool = False


@functools.cache
def _fields(text: str) -> tuple[_Field, ...]:
    return tuple(map(_field, text.split()))


def _field(text: str) -> _Field:
    word = text.rstrip("!")
    inner, vector = word.strip("[]"), word.startswith("[")
    required = text.endswith("!")
    if inner.isdecimal():
        return _Field(_OFFSET, int(inner), is_required=required)
    if inner == "-":
        return _Field(0)
    if inner == "s":
        return _Field(_OFFSET, _OFFSET if vector else 0, is_text=True, is_required=required)
    if len(inner) == 1:
        size = struct.calcsize(f"<{inner}")
        return _Field(_OFFSET, size, is_required=required) if vector else _Field(size)
    tables = tuple(inner.split("|"))
    return _Field(_OFFSET, _OFFSET if vector else 0, tables, is_union="|" in inner, is_required=required)


def tables_of(
    data: memoryview, schema: Mapping[str, str], root: str, *, prefixed: bool = False
) -> Iterator[tuple[str, Table]]:
    """Every table that the root leads to, each with its name, once it is known to be sound.

    Args:
        data: the flatbuffer.
        schema: the fields of each table.
        root: the name of the first.
        prefixed: True where its size stands before it, which counts where something must be aligned, and where the
            reader is flatcc's, which holds fields against the size of their table (Python's writer tells a wrong one).

    Raises:
        Unreadable: one is not where it may be, or lacks what it must have.
    """
    buffer = FlatBuffer(data)
    stack = [(root, buffer.unsigned(0), 0)]
    while stack:
        name, position, depth = stack.pop()
        buffer.spend(_OFFSET)
        if depth > _DEEPEST:
            raise Unreadable(f"its tables lie in each other more than {_DEEPEST} deep")
        try:
            found = [(inner, at, depth + 1) for inner, at in _table(buffer, schema[name], position, prefixed=prefixed)]
        except Unreadable as error:
            raise Unreadable(f"the table {name} at byte {position:,} is damaged: {error}") from None
        yield name, Table(buffer, position)
        stack.extend(reversed(found))


def _table(buffer: FlatBuffer, text: str, position: int, *, prefixed: bool) -> Iterator[tuple[str, int]]:
    """The tables that a table leads to; all else in it is checked."""
    if position % _OFFSET:
        raise Unreadable("it is not aligned")
    table, offsets = Table(buffer, position), buffer.vtable(position)
    told = _inline_size(buffer, position)
    inline, base = (told, _OFFSET) if prefixed else (1 << 16, 0)
    for number, field in enumerate(_fields(text)):
        offset = offsets[number] if number < len(offsets) else 0
        kinds = _kinds(table, number - 1, field) if field.is_union else b""
        if not offset:
            if field.is_required or any(kinds):
                raise Unreadable(f"it lacks its field {number}")
            continue
        at = position + offset
        if offset < _OFFSET or offset + field.width > inline or (field.width and (at + base) % field.width):
            raise Unreadable(f"its field {number} is not in it")
        if field.is_union and prefixed and not field.item and not all(kinds):
            raise Unreadable(f"its field {number} is of no kind")
        buffer.unpack(_NUMBERS[field.width], at)
        if field.tables or field.item or field.is_text:
            yield from _led_to(buffer, field, at, kinds)


def _kinds(table: Table, number: int, field: _Field) -> bytes:
    """Of what kinds a union, or each of a vector of some, is: the field before it tells."""
    return bytes(table.raw(number) or b"") if field.item else bytes([table.integer(number, "B")])


def _inline_size(buffer: FlatBuffer, position: int) -> int:
    vtable = position - struct.unpack_from("<i", buffer.view, position)[0]
    size, inline = struct.unpack_from("<HH", buffer.view, vtable)
    if vtable % 2 or size % 2 or size < _HEADER or inline < _OFFSET or vtable + size > len(buffer.view):
        raise Unreadable("the list of its fields is damaged")
    return int(inline)


def _led_to(buffer: FlatBuffer, field: _Field, at: int, kinds: bytes) -> Iterator[tuple[str, int]]:
    """The tables behind the offset at `at`; a text or a vector is checked to be there."""
    target = buffer.follow(at)
    if target == at or target % _OFFSET:
        raise Unreadable(f"it refers to byte {target:,}")
    start, count = buffer.vector(at, field.item) if field.item else (at, 1)
    if not (field.tables or field.is_text):
        return
    if field.is_union and count != len(kinds):
        raise Unreadable(f"it has {count} unions of {len(kinds)} kinds")
    buffer.spend(_OFFSET * count)
    for number, place in enumerate(range(start, start + count * _OFFSET, _OFFSET)):
        kind = kinds[number] if field.is_union else 1
        if field.is_text:
            _text(buffer, place)
        elif 0 < kind <= len(field.tables):  # a kind that a newer schema may have is not looked at
            yield field.tables[kind - 1], buffer.follow(place)
        elif not kind and field.item and buffer.unsigned(place):
            raise Unreadable("a union in it is of no kind")


def _text(buffer: FlatBuffer, at: int) -> None:
    start, size = buffer.vector(at, 1)
    if bytes(buffer.view[start + size : start + size + 1]) != b"\0":
        raise Unreadable("a text in it has no end")
    try:
        str(buffer.view[start : start + size], "utf-8")
    except UnicodeDecodeError:
        raise Unreadable("a text in it is no UTF-8") from None


def require_among(count: int, numbers: Iterable[int], what: str) -> None:
    """Refuse numbers of things of which there are so many, where one is none of them."""
    lost = next((number for number in numbers if not 0 <= number < count), None)
    if lost is not None:
        raise Unreadable(f"it asks for number {lost} of {count} {what}")
