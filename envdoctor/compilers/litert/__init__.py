"""LiteRT: .tflite files for its interpreter, float or quantized, by its own quantizer or TensorFlow's converter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.litert.action import ACTION
    from envdoctor.compilers.litert.bundle import ACTIONS as BUNDLES
    from envdoctor.compilers.litert.custom import ACTION as CUSTOM
    from envdoctor.compilers.litert.custom import OF_INT8
    from envdoctor.compilers.litert.forms import DYNAMIC, FLOAT16, INT16X8, MIXED, WEIGHT_ONLY

    return (ACTION, INT16X8, DYNAMIC, WEIGHT_ONLY, FLOAT16, MIXED, CUSTOM, OF_INT8, *BUNDLES)


def _float_gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.stages.gates import float_gate

    return float_gate(context, output)


def _int8_gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.stages.gates import int8_gate

    return int8_gate(context, output)


def _custom_gate(_: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.litert.custom import judge

    return judge(output)


def _small_gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.litert.forms import SMALL
    from envdoctor.stages.gates import small_gate

    kind = context.request.goal.kind if context.request.goal else ""
    return small_gate(SMALL[kind], context, output)


def _mixed_gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.stages.gates import mixed_gate

    return mixed_gate(context, output)


def _bundle_gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.litert.bundle_gate import bundle_gate

    return bundle_gate(context, output)


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.litert.litertlm import read_litertlm
    from envdoctor.stages.file_readers import identify_by

    return identify_by(path, (read_litertlm,))


COMPILER = Compiler(
    name="litert",
    title="LiteRT",
    products=(
        Product(kind=ArtifactKind.TFLITE_FLOAT, suffix="_float.tflite", gate=_float_gate),
        Product(kind=ArtifactKind.TFLITE_INT8, suffix="_int8.tflite", gate=_int8_gate),
        Product(kind=ArtifactKind.TFLITE_INT16X8, suffix="_int16x8.tflite", gate=_int8_gate),
        Product(kind="tflite-dynamic", suffix="_dynamic.tflite", gate=_small_gate),
        Product(kind="tflite-custom-ops", suffix="_custom.tflite", gate=_custom_gate),
        Product(kind="tflite-weight-only", suffix="_weight_only.tflite", gate=_small_gate),
        Product(kind="tflite-float16", suffix="_float16.tflite", gate=_small_gate),
        Product(kind="tflite-mixed", suffix="_mixed.tflite", gate=_mixed_gate),
        *(
            Product(kind=f"task-{form}", suffix=f"_{form.replace('-', '_')}.task", gate=_bundle_gate)
            for form in ("int8", "int16x8", "dynamic", "weight-only", "float16")
        ),
    ),
    actions=_actions,
    identify=_identify,
)
