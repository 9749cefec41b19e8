"""TensorFlow Lite Micro: models that an interpreter runs on a microcontroller, in an arena of fixed size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.finding import Finding
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


def _hold(estimate: Estimate, path: Path, limits: Mapping[str, int]) -> Iterable[Finding]:
    from envdoctor.compilers.tflm.gate import hold

    return hold(estimate, path, limits)


COMPILER = Compiler(
    name="tflm",
    title="TensorFlow Lite Micro",
    products=(Product(kind="tflm-tflite", suffix="_tflm.tflite", gate=_gate),),
    actions=_actions,
    topics=frozenset({"tflm"}),
    estimate=_estimate,
    hold=_hold,
)
