"""TensorFlow Lite Micro: models that an interpreter runs on a microcontroller, in an arena of fixed size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.prediction import Estimate
    from envdoctor.tflite.model import Model


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.tflm.action import ACTIONS

    return ACTIONS


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.tflm.gate import gate

    return gate(context, output)


def _estimate(model: Model) -> Estimate:
    from envdoctor.compilers.tflm.estimate import estimate

    return estimate(model)


COMPILER = Compiler(
    name="tflm",
    title="TensorFlow Lite Micro",
    products=(Product(kind="tflm-tflite", suffix="_tflm.tflite", gate=_gate),),
    actions=_actions,
    estimate=_estimate,
)
