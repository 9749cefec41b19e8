"""Rockchip's NPUs, by rknn-toolkit2."""

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
    from envdoctor.compilers.rknn.reader import read_rknn
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_rknn,))


COMPILER = Compiler(name="rknn", title="rknn-toolkit2", products=(), actions=_actions, identify=_identify)
