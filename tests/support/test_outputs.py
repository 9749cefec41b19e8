"""A file that was named is whole or untouched; links and devices stay what they are."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.support.outputs import put_in_place, write_output

POSIX = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices")
FULL = Path("/dev/full")


def write(target, text="new\n"):
    write_output(target, text, option="--output")


def test_a_new_file_is_written_and_an_old_one_replaced(tmp_path):
    target = tmp_path / "r.md"
    write(target, "first")
    write(target, "Grüße \udcff\n")
    assert target.read_bytes() == "Grüße \\udcff\n".encode()
    assert list(tmp_path.iterdir()) == [target]


@POSIX
def test_mode_and_umask_are_kept(tmp_path):
    target = tmp_path / "r.md"
    before = os.umask(0o027)
    try:
        write(target)
        assert stat.S_IMODE(target.stat().st_mode) == 0o640
    finally:
        os.umask(before)
    target.chmod(0o604)
    write(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


@POSIX
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path, exists):
    (tmp_path / "deep").mkdir()
    real, link = tmp_path / "deep" / "real.md", tmp_path / "link.md"
    if exists:
        real.write_text("old")
    link.symlink_to("between.md")
    (tmp_path / "between.md").symlink_to(real)
    write(link)
    assert link.is_symlink()
    assert real.read_text() == "new\n"
    assert [one.name for one in real.parent.iterdir()] == ["real.md"]


@POSIX
def test_a_pipe_is_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join(10)
    assert got == ["new\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@POSIX
def test_a_device_stays_a_device(tmp_path):
    (tmp_path / "link").symlink_to("/dev/null")
    write(tmp_path / "link")
    write(Path("/dev/null"))
    assert (tmp_path / "link").is_symlink()
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_with_its_name():
    with pytest.raises(OSError, match="/dev/full") as caught:
        write(FULL)
    assert not isinstance(caught.value, UsageProblem)
    assert stat.S_ISCHR(FULL.stat().st_mode)


def test_what_fails_half_way_leaves_the_old_file_alone(tmp_path, monkeypatch):
    target = tmp_path / "r.md"
    target.write_text("old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("envdoctor.support.outputs.os.fdopen", refuse)
    with pytest.raises(OSError, match="No space left"):
        write(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["folder", "no/such/folder/r.md", "file/r.md", "loop"])
def test_a_place_that_can_not_be_written_is_one_sentence(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    if os.name == "posix":
        (tmp_path / "loop").symlink_to("loop")
    elif name == "loop":
        pytest.skip("links")
    with pytest.raises(UsageProblem, match="name a file that can be written"):
        write(tmp_path / name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageProblem, match="Permission denied"):
        write(tmp_path / "r.md")
    tmp_path.chmod(0o700)


@POSIX
def test_a_finished_file_goes_through_a_link_too(tmp_path):
    real, made = tmp_path / "real", tmp_path / "made"
    made.write_text("new")
    (tmp_path / "link").symlink_to(real)
    put_in_place(made, tmp_path / "link")
    assert real.read_text() == "new"
    assert (tmp_path / "link").is_symlink()
    assert not made.exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_not_replaced(tmp_path):
    target = tmp_path / "r.md"
    target.write_text("old")
    target.chmod(0o400)
    with pytest.raises(UsageProblem, match="Permission denied"):
        write(target)
    assert target.read_text() == "old"
