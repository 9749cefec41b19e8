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

_INTEGERS, _MAP = {1: False, 2: False, 6: True, 7: True}, 9
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
        at = values + index * width
        if (is_elsewhere := _INTEGERS.get(kind >> 2)) is not None:
            size = 1 << (kind & 3) if is_elsewhere else width
            place = _behind(fields, at, width) if is_elsewhere else at
            yield _key(fields, _behind(fields, keys + index * key_width, key_width)), fields.number(place, size)


def _behind(fields: Fields, at: int, width: int) -> int:
    """Where an offset leads to: backwards from its own place."""
    return at - fields.number(at, width)


def _key(fields: Fields, at: int) -> str:
    return fields.text(at, min(_LONGEST_KEY, len(fields) - at))
