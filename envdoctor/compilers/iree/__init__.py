"""IREE: an open compiler for CPUs (RISC-V, Arm, x86) without an operating system or with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    return ()


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.iree.reader import read_vmfb
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_vmfb,))


COMPILER = Compiler(name="iree", title="IREE", products=(), actions=_actions, identify=_identify)
