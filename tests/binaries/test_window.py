import pytest

from envdoctor.binaries.window import Window
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes


class Counting(MemoryBytes):
    """A test double that counts the reads."""

    reads = 0

    def read_at(self, offset, length):
        self.reads += 1
        return super().read_at(offset, length)


class Short(MemoryBytes):
    """A test double that promises more than it has."""

    size = 1000


def test_neighbours_cost_one_read():
    source = Counting(bytes(10000))
    window = Window(source)
    for place in range(5000, 9000, 100):
        window.read(place, 8, "table")
    assert source.reads == 1


@pytest.mark.parametrize(("offset", "length"), [(-1, 4), (98, 4), (1000, 1)])
def test_a_place_outside_the_file_is_unreadable(offset, length):
    with pytest.raises(Unreadable, match="the table"):
        Window(MemoryBytes(bytes(100))).read(offset, length, "the table")


def test_a_source_that_breaks_its_promise_is_unreadable():
    with pytest.raises(Unreadable, match="cut off"):
        Window(Short(b"abc")).read(0, 10, "header")


def test_a_string_longer_than_the_window():
    assert Window(MemoryBytes(b"a" * 9000 + b"\0")).string(0, 9001, "path") == "a" * 9000


@pytest.mark.parametrize(("data", "limit"), [(b"abc", 3), (b"abcdef\0", 4), (b"abc\0", 3)])
def test_a_string_must_end_before_its_limit(data, limit):
    with pytest.raises(Unreadable, match="no end"):
        Window(MemoryBytes(data)).string(0, limit, "name")
