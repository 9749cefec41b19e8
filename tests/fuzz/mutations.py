"""Damages bytes as accidents and attackers do: cuts, flipped bits, extreme numbers, moved blocks, other JSON types."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_MOST_BLOCK = 4096
_TOKENS = (b"\0", b"\r", b"\n", b'"', b",", b"\x1b[31m", b"\xff", b"\xe2\x80\xae", b":", b"=", b"<", b"../", b"/", b"[")
_LONG = 140_000  # beyond csv's limit of a field
_VALUES = (None, True, 0, -1, 1 << 70, 1.5, float("inf"), "", "x", [], [[]], {}, {"": None}, "\x1b[31m", "9" * 5000)
_DEPTH = 3000


class Seed(NamedTuple):
    """An input that is sound.

    Attributes:
        data: its bytes.
        zones: (start, end) of the tables that a reader looks at; half of the changes happen there. Empty: anywhere.
    """

    data: bytes
    zones: tuple[tuple[int, int], ...] = ()


def mutate(seed: Seed, chance: random.Random) -> bytes:
    """A damaged copy: mostly by one change, sometimes by some."""
    data = bytearray(seed.data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if data:
            chance.choice(_CHANGES)(data, _place(data, seed.zones, chance), chance)
    return bytes(data)


def mutate_text(seed: Seed, chance: random.Random) -> bytes:
    """The same of a text, by its lines and signs too."""
    if chance.random() < 0.3:
        return mutate(seed, chance)
    lines = seed.data.splitlines(keepends=True) or [b""]
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice(_LINE_CHANGES)(lines, chance)
        lines = lines or [b""]
    return b"".join(lines)


def mutate_json(seed: Seed, chance: random.Random) -> bytes:
    """The same of JSON: values of other types, absent members, deep nesting; now and then raw bytes."""
    if chance.random() < 0.1:
        return mutate_text(seed, chance)
    document = json.loads(seed.data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(_json_places(document))
        if not places:
            break
        holder, key = chance.choice(places)
        if chance.random() < 0.15 and isinstance(holder, dict):
            del holder[key]
        elif chance.random() < 0.2:
            holder[key] = json.loads(json.dumps(chance.choice(places)[0]))
        else:
            holder[key] = copy.deepcopy(chance.choice(_VALUES))
    text = json.dumps(document)
    if chance.random() < 0.01:
        text = text.replace("{}", "[" * _DEPTH + "]" * _DEPTH, 1)
    return text.encode()


def _json_places(value: object) -> list[tuple[dict | list, object]]:
    found: list = []
    stack = [value]
    while stack:
        holder = stack.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, inner in pairs:
            found.append((holder, key))
            stack.append(inner)
    return found


def _place(data: bytearray, zones: tuple[tuple[int, int], ...], chance: random.Random) -> int:
    if zones and chance.random() < 0.8:
        start, end = chance.choice(zones)
        return min(chance.randrange(start, max(end, start + 1)), len(data) - 1)
    return chance.randrange(len(data))


def _flip(data: bytearray, place: int, chance: random.Random) -> None:
    data[place] ^= 1 << chance.randrange(8)


def _byte(data: bytearray, place: int, chance: random.Random) -> None:
    data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))


def _word(data: bytearray, place: int, chance: random.Random) -> None:
    """Another number in a field: an extreme, a neighbour, or the value of another field."""
    width = chance.choice((2, 4, 4, 8, 8))
    place -= place % width
    order = chance.choice(("little", "little", "little", "big"))
    old, most = int.from_bytes(data[place : place + width], order), (1 << 8 * width) - 1
    elsewhere = chance.randrange(0, max(1, len(data) - width), 4)
    other = int.from_bytes(data[elsewhere : elsewhere + width], order)
    extremes = (0, 1, 2, most, most - 1, most >> 1, (most >> 1) + 1, len(data), len(data) - 1)
    near = (old + 1, old - 1, old * 2, old // 2, old + 8, old - 8, old + 0x1000, old - 0x1000, other)
    value = chance.choice(chance.choice((extremes, near))) & most
    piece = value.to_bytes(width, order)
    data[place : place + width] = piece[: len(data) - place]


def _cut(data: bytearray, place: int, chance: random.Random) -> None:
    del data[chance.choice((place, len(data) * 2 // 3, len(data) - 1)) :]


def _remove(data: bytearray, place: int, chance: random.Random) -> None:
    del data[place : place + _size(chance)]


def _repeat(data: bytearray, place: int, chance: random.Random) -> None:
    data[place:place] = data[place : place + _size(chance)]


def _swap(data: bytearray, place: int, chance: random.Random) -> None:
    size, other = _size(chance), chance.randrange(len(data))
    low, high = min(place, other), max(place, other)
    size = min(size, high - low, len(data) - high)
    data[low : low + size], data[high : high + size] = data[high : high + size], data[low : low + size]


def _fill(data: bytearray, place: int, chance: random.Random) -> None:
    end = min(len(data), place + _size(chance))
    data[place:end] = chance.choice((b"\0", b"\xff", b"A")) * (end - place)


def _size(chance: random.Random) -> int:
    return min(_MOST_BLOCK, chance.choice((1, 2, 4, 8, 16, 24, 56, 64, 512, chance.randrange(1, _MOST_BLOCK))))


def _drop_line(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines))]


def _repeat_line(lines: list[bytes], chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))


def _swap_lines(lines: list[bytes], chance: random.Random) -> None:
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _cut_lines(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines)) :]


def _insert_token(lines: list[bytes], chance: random.Random) -> None:
    number = chance.randrange(len(lines))
    line = lines[number]
    place = chance.randrange(len(line) + 1)
    token = chance.choice(_TOKENS) if chance.random() < 0.9 else chance.choice((b"9" * 5000, b"a" * _LONG))
    lines[number] = line[:place] + token + line[place:]


def _change_number(lines: list[bytes], chance: random.Random) -> None:
    number = chance.randrange(len(lines))
    line = bytearray(lines[number])
    digits = [place for place, byte in enumerate(line) if chr(byte).isdigit()]
    if digits:
        place = chance.choice(digits)
        line[place : place + 1] = chance.choice((b"0", b"-1", b"9" * 30, b"1e9", b"x", b""))
    lines[number] = bytes(line)


_CHANGES: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    *(_flip, _byte, _word, _word, _word, _word),
    *(_cut, _remove, _repeat, _swap, _fill),
)
_LINE_CHANGES: tuple[Callable[[list[bytes], random.Random], None], ...] = (
    *(_drop_line, _repeat_line, _swap_lines, _cut_lines),
    *(_insert_token, _insert_token, _change_number),
)
