"""Qualcomm's Hexagon: context binaries by onnxruntime-qnn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.qualcomm.action import ACTION

    return (ACTION,)


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.qualcomm.gate import judge_context

    return judge_context(context, output)


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.qualcomm.identity import read_ep_context, read_qnn_binary
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_ep_context, read_qnn_binary))


COMPILER = Compiler(
    name="qualcomm",
    title="onnxruntime-qnn",
    products=(Product(kind="qnn-context", suffix="_qnn.onnx", gate=_gate),),
    actions=_actions,
    topics=frozenset({"qualcomm"}),
    identify=_identify,
)
