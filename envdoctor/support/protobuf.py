"""The wire format of protocol buffers, as far as reading a message without its classes needs it.

A message is a sequence of (field number, wire type, value); nested messages and texts are length-delimited. Every
length is checked, nothing is copied, and a nested message is decoded only when it is asked for.
Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
#: Fields of one message, nested ones apart: graphs have some hundred thousand nodes.
_MOST_FIELDS = 1 << 20
_64_BITS = (1 << 64) - 1
_SIGN = 1 << 63
_GOES_ON = bytes(range(128, 256))  # all bytes of a number in varints but its last


class Message:
    """A message: its fields by number."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[int, list[int | memoryview]]) -> None:
        self._fields = fields

    def messages(self, number: int) -> Iterator[Message]:
        """The nested messages of a repeated field.

        Raises:
            Unreadable: one is damaged.
        """
        return map(read_message, self.parts(number))

    def parts(self, number: int) -> list[memoryview]:
        """The bytes of each value of a field that holds bytes, texts or messages."""
        return [value for value in self._fields.get(number, ()) if isinstance(value, memoryview)]

    def first(self, number: int) -> Message:
        """The nested message of a field that is no repeated one; an empty one if it is absent.

        Where it stands more than once its parts make one message, as every decoder merges them.

        Raises:
            Unreadable: it is damaged.
        """
        parts = self.parts(number)
        if len(parts) > 1:
            return read_message(memoryview(b"".join(parts)))
        return read_message(parts[0]) if parts else Message({})

    def has(self, number: int) -> bool:
        """True if a field is there, be it empty."""
        return number in self._fields

    def texts(self, number: int) -> tuple[str, ...]:
        """The texts of a repeated field."""
        return tuple(str(value, "utf-8", "replace") for value in self.parts(number))

    def text(self, number: int) -> str:
        """The text of a field; empty if it is absent. The last counts, where there are several."""
        return next(reversed(self.texts(number)), "")

    def raw(self, number: int) -> memoryview:
        """The bytes of a field; none if it is absent. The last counts, where there are several."""
        return next(reversed(self.parts(number)), memoryview(b""))

    def number(self, number: int) -> int:
        """The unsigned number of a field; zero if it is absent. The last counts, where there are several."""
        return next((value for value in reversed(self._fields.get(number, ())) if isinstance(value, int)), 0)

    def numbers(self, number: int) -> Iterator[int]:
        """The unsigned numbers of a repeated field, packed or not.

        Raises:
            Unreadable: they are damaged.
        """
        for value in self._fields.get(number, ()):
            if isinstance(value, int):
                yield value
                continue
            position = 0
            while position < len(value):
                item, position = read_varint(value, position)
                yield item

    def count(self, number: int, width: int = 0) -> int:
        """How many numbers a repeated field has, packed or not; `width` in bytes where each takes the same."""
        values = self._fields.get(number, ())
        packed = (value for value in values if isinstance(value, memoryview))
        ends = (len(value) // width if width else len(bytes(value).translate(None, _GOES_ON)) for value in packed)
        return sum(isinstance(value, int) for value in values) + sum(ends)

    def signed(self, number: int) -> int:
        """The signed 64-bit number of a field; zero if it is absent."""
        value = self.number(number)
        return value - (1 << 64) if value & _SIGN else value


def read_message(data: memoryview) -> Message:
    """Split a message into its fields.

    Raises:
        Unreadable: it is damaged or cut short.
    """
    fields: dict[int, list[int | memoryview]] = {}
    position = count = 0
    while position < len(data):
        key, position = read_varint(data, position)
        count += 1
        if not key >> 3 or count > _MOST_FIELDS:
            raise Unreadable(f"at byte {position} it is no message: a field without a number, or too many of them")
        value, position = _value(data, position, key & 7)
        fields.setdefault(key >> 3, []).append(value)
    return Message(fields)


def _value(data: memoryview, position: int, wire_type: int) -> tuple[int | memoryview, int]:
    if wire_type == _VARINT:
        return read_varint(data, position)
    if wire_type == _BYTES:
        length, position = read_varint(data, position)
    elif wire_type in {_FIXED_32, _FIXED_64}:
        length = 4 if wire_type == _FIXED_32 else 8
    else:
        raise Unreadable(f"a field at byte {position} has the wire type {wire_type}")
    if position + length > len(data):
        raise Unreadable(f"a field of {length} bytes at byte {position} runs over the end, {len(data)}")
    value = data[position : position + length]
    return (value if wire_type == _BYTES else int.from_bytes(value, "little")), position + length


def read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """A number and where what follows it begins.

    Raises:
        Unreadable: it runs over the end, or does not end.
    """
    value = 0
    for shift in range(_LONGEST_VARINT):
        if position + shift >= len(data):
            raise Unreadable(f"a number at byte {position} runs over the end, {len(data)}")
        byte = data[position + shift]
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:  # noqa: PLR2004  (the bit that says that more follow)
            return value & _64_BITS, position + shift + 1
    raise Unreadable(f"a number at byte {position} does not end")
