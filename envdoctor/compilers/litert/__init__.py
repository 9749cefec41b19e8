"""LiteRT: .tflite files for its interpreter, float or quantized, by its own quantizer or TensorFlow's converter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.action import Action, StageContext, StageOutput


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.litert.action import ACTION
    from envdoctor.compilers.litert.custom import ACTION as CUSTOM
    from envdoctor.compilers.litert.forms import DYNAMIC, FLOAT16, INT16X8

    return (CUSTOM, ACTION, INT16X8, DYNAMIC, FLOAT16)


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


COMPILER = Compiler(
    name="litert",
    title="LiteRT",
    products=(
        Product(kind=ArtifactKind.TFLITE_FLOAT, suffix="_float.tflite", gate=_float_gate),
        Product(kind=ArtifactKind.TFLITE_INT8, suffix="_int8.tflite", gate=_int8_gate),
        Product(kind=ArtifactKind.TFLITE_INT16X8, suffix="_int16x8.tflite", gate=_int8_gate),
        Product(kind="tflite-dynamic", suffix="_dynamic.tflite", gate=_small_gate),
        Product(kind="tflite-custom-ops", suffix="_custom.tflite", gate=_custom_gate),
        Product(kind="tflite-float16", suffix="_float16.tflite", gate=_small_gate),
    ),
    actions=_actions,
)
