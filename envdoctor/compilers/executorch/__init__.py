"""PyTorch's own runtime for devices: .pte files for XNNPACK on any CPU, and for Arm Ethos-U."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.executorch.action import ETHOS_U, XNNPACK

    return (XNNPACK, ETHOS_U)


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.executorch.gate import judge_program

    return judge_program(context, output)


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.executorch.pte import read_pte
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_pte,))


COMPILER = Compiler(
    name="executorch",
    title="ExecuTorch",
    products=(
        Product(kind="pte-xnnpack", suffix="_xnnpack.pte", gate=_gate),
        Product(kind="pte-ethos-u", suffix="_int8_ethosu.pte", gate=_gate),
    ),
    actions=_actions,
    topics=frozenset({"executorch"}),
    identify=_identify,
)
