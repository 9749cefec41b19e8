import pytest

from envdoctor.binaries import files
from envdoctor.binaries.files import FileBlocks, FileBytes
from envdoctor.core.errors import Unreadable


def test_any_part_of_a_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    with FileBytes(path) as source:
        assert source.size == 10
        assert source.read_at(8, 5) == b"89"
        assert source.read_at(0, 3) == b"012"
        assert source.read_at(20, 3) == b""


def test_what_cannot_be_opened_is_unreadable(tmp_path):
    with pytest.raises(Unreadable, match="can't be opened"):
        FileBytes(tmp_path / "missing")
    with pytest.raises(Unreadable, match="can't be opened"):
        FileBytes(tmp_path)


def test_blocks_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_BLOCK", 4)
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    with FileBytes(path) as source:
        blocks = FileBlocks(source)
        assert blocks.size == 10
        for offset in (*range(13), 5, 0):
            for length in range(7):
                assert blocks.read_at(offset, length) == source.read_at(offset, length)
