from pathlib import Path

import pytest

from envdoctor.emulation.qemu import find_emulators, parse_version
from envdoctor.executors.local import LocalExecutor


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("qemu-x86_64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright", (7, 2, 22)),
        ("qemu-x86_64 version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)", (10, 0, 13)),
        ("qemu-x86_64-static version 8.2", (8, 2)),
        ("Box64 arm64 v0.3.0", None),
        ("", None),
    ],
)
def test_versions(text, version):
    assert parse_version(text) == version


def script(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_emulators_are_found_and_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/bin")
    script(tmp_path, "qemu-x86_64", "echo 'qemu-x86_64 version 10.0.2 (Debian)'")
    script(tmp_path, "box64", "exit 3")
    found = {one.name: one for one in find_emulators(LocalExecutor(), [tmp_path])}
    qemu, box64 = found["qemu-x86_64"], found["box64"]
    assert (qemu.path, qemu.version, qemu.text) == (
        tmp_path / "qemu-x86_64",
        (10, 0, 2),
        "qemu-x86_64 version 10.0.2 (Debian)",
    )
    assert qemu.is_qemu
    assert (box64.version, box64.problem, box64.is_qemu) == (None, "exited with status 3", False)
