"""Rockchip's NPUs, by rknn-toolkit2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.rknn.action import ACTION

    return (ACTION,)


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.rknn.gate import judge_rknn

    return judge_rknn(context, output)


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.rknn.reader import read_rknn
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_rknn,))


COMPILER = Compiler(
    name="rknn",
    title="rknn-toolkit2",
    products=(Product(kind="rknn", suffix=".rknn", gate=_gate),),
    actions=_actions,
    topics=frozenset({"rknn"}),
    identify=_identify,
)
