"""What a stand-in answers; that uv believes it is tested with uv itself."""

from __future__ import annotations

import pytest

from envdoctor.availability.stand_in import answers_for, stand_in
from envdoctor.core.command import Command
from envdoctor.core.errors import UsageProblem
from envdoctor.executors.local import LocalExecutor


@pytest.mark.parametrize(
    ("name", "system", "arch", "bits"),
    [
        ("linux-armv7l-glibc2.36", {"name": "manylinux", "major": 2, "minor": 36}, "armv7l", "32"),
        ("linux-x86_64-musl1.1", {"name": "musllinux", "major": 1, "minor": 1}, "x86_64", "64"),
        ("macos14-arm64", {"name": "macos", "major": 14, "minor": 0}, "aarch64", "64"),
        ("windows-x86", {"name": "windows"}, "x86", "32"),
    ],
)
def test_answers(target, name, system, arch, bits):
    answers = answers_for(target(name))
    assert (answers["os"], answers["arch"], answers["pointer_size"]) == (system, arch, bits)


def test_it_is_an_ordinary_python_for_everybody_but_uv(target, tmp_path):
    python = stand_in(target("linux-armv7l"), tmp_path)
    result = LocalExecutor().run(Command(argv=(str(python), "-c", "import platform; print(platform.machine())")))
    assert result.ok
    assert result.stdout.strip() != "armv7l"


def test_it_is_made_once(target, tmp_path):
    python = stand_in(target("linux-armv7l"), tmp_path)
    before = python.lstat().st_mtime_ns
    assert stand_in(target("linux-armv7l"), tmp_path) == python
    assert python.lstat().st_mtime_ns == before
    assert stand_in(target("linux-armv7l-cp312"), tmp_path) != python


def test_a_folder_that_can_not_be_made_is_named(target, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="can't be made"):
        stand_in(target("linux-armv7l"), tmp_path / "file")
