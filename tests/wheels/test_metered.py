import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.metered import Metered

DATA = bytes(range(256)) * 4


def test_each_byte_counts_once():
    source = Metered(MemoryBytes(DATA))
    assert source.read_at(100, 50) == DATA[100:150]
    source.read_at(120, 10)
    source.read_at(140, 20)
    assert (source.bytes_read, source.reads) == (60, 2)


def test_reads_beyond_the_end_count_what_there_is():
    source = Metered(MemoryBytes(DATA))
    source.read_at(1000, 500)
    source.read_at(5000, 10)
    assert (source.bytes_read, source.reads) == (24, 1)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 1100), st.integers(0, 300)), max_size=40))
def test_any_reads_count_the_bytes_they_cover(reads):
    source = Metered(MemoryBytes(DATA))
    covered = set()
    for offset, length in reads:
        assert source.read_at(offset, length) == DATA[offset : offset + length]
        covered |= set(range(offset, min(offset + length, len(DATA))))
    assert source.bytes_read == len(covered)


def test_neighbours_are_fetched_at_once():
    source = Metered(MemoryBytes(DATA))
    source.prefetch([(500, 510), (0, 10), (14, 20), (512, 520)], gap=4)
    assert (source.reads, source.bytes_read) == (2, 40)
    source.read_at(10, 4)
    assert source.reads == 2


def test_nothing_to_fetch():
    source = Metered(MemoryBytes(DATA))
    source.prefetch([], gap=4)
    assert source.reads == 0
