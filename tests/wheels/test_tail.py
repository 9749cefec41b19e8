"""The end of a DEFLATE stream: what is said to be known is right, and what is not known is said to be so."""

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.wheels.tail import UNKNOWN, DeflateTail, known
from thoroughness import amount
from wheel_files import code_like

CONTENT = code_like(600_000)


def deflated(data, level=6, strategy=zlib.Z_DEFAULT_STRATEGY):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    return packer.compress(data) + packer.flush()


PACKED = deflated(CONTENT)


@pytest.mark.slow
@pytest.mark.parametrize("length", [64 * 1024, 100_000, len(PACKED) - 10, len(PACKED)])
def test_known_bytes_are_the_right_ones(length):
    tail = DeflateTail(PACKED[-length:], len(CONTENT))
    values = tail.read(tail.start, len(CONTENT))
    assert len(values) == len(CONTENT) - tail.start > length // 2
    wrong = [place for place, value in enumerate(values) if value < UNKNOWN and value != CONTENT[tail.start + place]]
    assert not wrong
    assert sum(value < UNKNOWN for value in values) > len(values) // 2


def test_bytes_copied_from_one_place_are_equal():
    tail = DeflateTail(PACKED[-64 * 1024 :], len(CONTENT))
    places = {}
    for place, value in enumerate(tail.read(tail.start, len(CONTENT))):
        if value >= UNKNOWN:
            places.setdefault(value, set()).add(CONTENT[tail.start + place])
    assert len(places) > 100
    assert all(len(values) == 1 for values in places.values())


def test_the_whole_stream_is_known_from_its_beginning():
    tail = DeflateTail(PACKED, len(CONTENT))
    assert tail.start == 0
    assert known(tail.read(0, 50_000)) == CONTENT[:50_000]
    assert known(tail.read(400_000, 400_100)) == CONTENT[400_000:400_100]


@pytest.mark.slow
@pytest.mark.parametrize("content", [CONTENT, CONTENT[:100_000] + random.Random(2).randbytes(500_000) + CONTENT[:9999]])
def test_blocks_that_are_stored_can_be_entered(content):
    packed = deflated(content, level=0 if content is CONTENT else 6)
    tail = DeflateTail(packed[-300_000:], len(content))
    assert len(content) - 300_000 <= tail.start < len(content) - 200_000
    assert known(tail.read(tail.start, len(content))) == content[tail.start :]


def test_what_lies_before_the_first_block_is_not_there():
    tail = DeflateTail(PACKED[-64 * 1024 :], len(CONTENT))
    assert tail.read(tail.start - 1, tail.start + 10) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "packed",
    [
        b"",
        bytes(70_000),
        code_like(70_000, seed=3),
        PACKED[-64 * 1024 : -1],
        PACKED[-64 * 1024 :] + b"more",
        deflated(CONTENT, strategy=zlib.Z_FIXED)[-64 * 1024 :],
    ],
)
def test_where_no_block_begins_or_ends_nothing_is_claimed(packed):
    with pytest.raises(Unreadable, match="no block"):
        DeflateTail(packed, len(CONTENT))


@pytest.mark.slow
def test_a_stream_that_is_longer_than_its_member_is_refused():
    with pytest.raises(Unreadable):
        DeflateTail(PACKED, 1000)


@pytest.mark.slow
@settings(max_examples=amount(30), deadline=5000)
@given(st.data())
def test_damage_is_refused_or_harmless(data):
    damaged = bytearray(PACKED[-40_000:])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        tail = DeflateTail(bytes(damaged), len(CONTENT))
    except Unreadable:
        return
    assert 0 <= tail.start <= len(CONTENT)
