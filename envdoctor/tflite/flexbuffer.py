"""Integers out of a flexbuffer, in which TensorFlow Lite's custom operators have their options.

Format: https://flatbuffers.dev/flatbuffers_internals/ (FlexBuffers). The root stands at the end; a value is as wide as
its container says, its type and the width of what it points to share a byte behind the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Types of integers: in place, and behind an offset; and which of them have a sign.
_IN_PLACE, _ELSEWHERE, _SIGNED, _MAP = {1, 2}, {6, 7}, {1, 6}, 9
_LONGEST_KEY = 256


def map_integers(data: bytes | memoryview) -> Mapping[str, int]:
    """The integers of the map that a flexbuffer is, by key; other values are passed over.

    Raises:
        Unreadable: it is no map, or a place in it lies outside.
    """
    fields = Fields(data)
    kind, width = fields.numbers(len(fields) - 2, 2, 1)
    if kind >> 2 != _MAP:
        raise Unreadable("its options are no map of a flexbuffer")
    return dict(_pairs(fields, _behind(fields, len(fields) - 2 - width, width), 1 << (kind & 3)))


def _pairs(fields: Fields, values: int, width: int) -> Iterator[tuple[str, int]]:
    count, keys = fields.number(values - width, width), _behind(fields, values - 3 * width, width)
    key_width = fields.number(values - 2 * width, width)
    types = fields.part(values + count * width, count)
    for index, kind in enumerate(types):
        at, number = values + index * width, kind >> 2
        if number in _IN_PLACE | _ELSEWHERE:
            place, size = (at, width) if number in _IN_PLACE else (_behind(fields, at, width), 1 << (kind & 3))
            name = _key(fields, _behind(fields, keys + index * key_width, key_width))
            yield name, fields.number(place, size, signed=number in _SIGNED)


def _behind(fields: Fields, at: int, width: int) -> int:
    """Where an offset leads to: backwards from its own place."""
    return at - fields.number(at, width)


def _key(fields: Fields, at: int) -> str:
    return fields.text(at, min(_LONGEST_KEY, len(fields) - at))
