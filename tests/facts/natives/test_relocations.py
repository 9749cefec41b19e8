"""What is kept of relocations: that a file is sound, for as long as it is the same, and nothing else."""

import os

import pytest

from envdoctor.binaries import elf_relocations
from envdoctor.core.errors import Unreadable
from envdoctor.core.request import Request
from envdoctor.facts.natives.relocations import Relocations
from envdoctor.facts.python import Python


@pytest.fixture
def looked(monkeypatch):
    """The texts that were looked at; a file that holds `broken` is not sound."""
    seen = []

    def check(source, _most):
        seen.append(source)
        if source == "broken":
            raise Unreadable("it is not sound")

    monkeypatch.setattr(elf_relocations, "check_relocations", check)
    return seen


@pytest.fixture
def look(tmp_path):
    def look(path):
        relocations = Relocations(Python(), Request(cache=tmp_path / "cache"))
        try:
            relocations.check(str(path), path.read_text())
        finally:
            relocations.save()

    return look


def test_a_sound_file_is_looked_at_once_and_again_when_it_changed(tmp_path, looked, look):
    path = tmp_path / "a.so"
    path.write_text("sound")
    look(path)
    look(path)
    assert looked == ["sound"]
    before = path.stat()
    path.write_text("SOUND")  # as long, and with the time of before: its change time tells
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    look(path)
    assert looked == ["sound", "SOUND"]


def test_a_damaged_file_is_damaged_the_next_time_too(tmp_path, looked, look):
    path = tmp_path / "a.so"
    path.write_text("broken")
    for _ in range(2):
        with pytest.raises(Unreadable, match="not sound"):
            look(path)
    assert looked == ["broken", "broken"]
