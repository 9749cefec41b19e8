"""Files of others: only regular ones are opened, and none is waited for."""

import os
import socket
import sys

import pytest

from envdoctor.support.files import open_regular, read_head, read_regular, read_up_to, remove_special

POSIX = pytest.mark.skipif(os.name == "nt", reason="FIFOs, sockets and devices as POSIX has them")


def test_a_file_and_a_link_to_it_are_read(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    assert read_regular(tmp_path / "file", 7) == b"content"
    assert read_head(str(tmp_path / "file"), 3) == b"con"
    with open_regular(tmp_path / "file") as stream:
        assert read_up_to(stream, 100) == b"content"


@POSIX
def test_a_link_to_a_file_is_one(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 7) == b"content"


@pytest.mark.skipif(sys.platform != "linux", reason="files without a size as Linux has them")
def test_a_file_that_tells_no_size_is_read_whole():
    assert read_regular("/proc/self/status", 1 << 20).startswith(b"Name:")


def test_what_is_larger_than_allowed_is_refused_and_not_cut(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(OSError, match="larger than 6 bytes"):
        read_regular(tmp_path / "file", 6)


@pytest.mark.parametrize("name", ["a\0b", "\udfff" * 2 + "\ud800"])
def test_a_name_that_no_file_has_is_an_os_error(tmp_path, name):
    with pytest.raises(OSError):  # noqa: PT011 - the words are the system's
        open_regular(f"{tmp_path}/{name}")


@POSIX
def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="a FIFO, not a regular file"):
        open_regular(tmp_path / "fifo")
    with pytest.raises(OSError, match="a device, not a regular file"):
        open_regular("/dev/zero")
    with pytest.raises(IsADirectoryError, match="a folder"):
        open_regular(tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(tmp_path / "socket"))
        with pytest.raises(OSError, match="a socket, not a regular file"):
            open_regular(tmp_path / "socket")


@POSIX
def test_what_a_program_would_wait_for_is_taken_out_of_a_folder(tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "spared").mkdir()
    (tmp_path / "deep" / "file").touch()
    (tmp_path / "deep" / "dangling").symlink_to("nowhere")
    for place in ("deep/deeper", "spared"):
        os.mkfifo(tmp_path / place / "pipe")
    (tmp_path / "device").symlink_to(os.devnull)
    remove_special(tmp_path, spared="spared")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"deep", "deep/deeper", "deep/file", "deep/dangling", "spared", "spared/pipe"}
    remove_special(tmp_path / "nowhere")
