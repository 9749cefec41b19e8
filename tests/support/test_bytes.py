from envdoctor.support.bytes import BytesRange, MemoryBytes


def test_memory_is_read_anywhere_and_cut_at_the_end():
    source = MemoryBytes(b"0123456789")
    assert source.size == 10
    assert source.read_at(3, 4) == b"3456"
    assert source.read_at(8, 10) == b"89"
    assert source.read_at(20, 1) == b""


def test_a_range_never_shows_what_lies_beyond_it():
    part = BytesRange(MemoryBytes(b"0123456789"), 2, 5)
    assert part.size == 5
    assert part.read_at(0, 100) == b"23456"
    assert part.read_at(4, 3) == b"6"
    assert part.read_at(5, 1) == b""
    assert part.read_at(-1, 3) == b""
