"""Takes the compiler's bundle into the toolchain store, and looks whether it is the one that works."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.locate import NAME, read_compiler
from envdoctor.core.errors import ToolchainProblem

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = re.compile(rb"\b(\d{1,2}\.\d{1,2}\.\d{9})\b")
_MAX_SCAN = 256 << 20


def fill(path: Path, files: Path) -> None:
    """Copy the bundle out of a folder, or the one that a script or a program belongs to.

    Raises:
        ToolchainProblem: there is no bundle.
    """
    compiler = read_compiler(path, origin="--from")
    if compiler.binary is None:
        raise ToolchainProblem(f"{path} is a script that starts something else, not the compiler's bundle")
    bundle = compiler.binary.parent
    target = files / "usr/bin" / f"{NAME}_bin"
    target.mkdir(parents=True)
    for file in sorted(bundle.iterdir()) if compiler.loader else [compiler.binary]:
        if file.is_file() and file.stat().st_size < _MAX_SCAN:
            shutil.copy2(file, target / file.name)


def inspect(files: Path) -> str:
    """The compiler's own version number, read from the program; empty if it is not found there.

    Raises:
        ToolchainProblem: there is no compiler, or only the one for ARM that does not work on today's systems.
    """
    compiler = read_compiler(files, origin="archive")
    if compiler.binary is None:
        raise ToolchainProblem("it holds a script in place of the compiler")
    if compiler.architecture != "x86_64":
        raise ToolchainProblem(
            f"it holds the compiler for {compiler.architecture}, from before version 2.1: that one aborts on today's "
            "systems; take the x86_64 one, which also runs under QEMU",
        )
    with compiler.binary.open("rb") as stream:
        match = _VERSION.search(stream.read(_MAX_SCAN))
    return match.group(1).decode() if match else ""
