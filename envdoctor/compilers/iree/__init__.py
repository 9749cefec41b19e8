"""IREE: an open compiler for CPUs (RISC-V, Arm, x86) without an operating system or with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.iree.action import ONNX, TFLITE

    return (ONNX, TFLITE)


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.iree.gate import judge_module

    return judge_module(context, output)


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.iree.reader import read_vmfb
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_vmfb,))


COMPILER = Compiler(
    name="iree",
    title="IREE",
    products=(Product(kind="iree", suffix=".vmfb", gate=_gate),),
    actions=_actions,
    topics=frozenset({"iree"}),
    identify=_identify,
)
