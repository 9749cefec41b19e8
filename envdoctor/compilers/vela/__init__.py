"""Arm Ethos-U, by Vela."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.core.compiler import Compiler, Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.core.prediction import Prediction
    from envdoctor.tflite.model import Model


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.vela.action import ACTION

    return (ACTION,)


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.vela.gate import judge_vela
    from envdoctor.stages.gates import compiled_gate

    return compiled_gate(judge_vela, context, output)


def _placed(source: Model, compiled: Model, summary: Mapping[str, Any]) -> Prediction:
    from envdoctor.compilers.vela.placement import placed

    return placed(source, compiled, summary)


COMPILER = Compiler(
    name="vela",
    title="Vela",
    products=(Product(kind="vela-tflite", suffix="_int8_vela.tflite", gate=_gate),),
    actions=_actions,
    topics=frozenset({"vela"}),
    placed=_placed,
)
