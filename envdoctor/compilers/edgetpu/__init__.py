"""The Coral Edge TPU: its compiler, where that can run, what it will make of a model, and what its failures mean.

Everything heavier is imported when it is asked for: a check of a machine looks at every compiler's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler, Product, ToolchainFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from envdoctor.action import Action, StageContext, StageOutput
    from envdoctor.compilers.edgetpu.prediction import EdgeTpuPrediction
    from envdoctor.core.prediction import Disagreement, Guidance, Prediction
    from envdoctor.tflite.model import Model


def _actions() -> Iterable[Action]:
    from envdoctor.compilers.edgetpu.action import ACTION

    return (ACTION,)


def _gate(context: StageContext, output: StageOutput) -> StageOutput:
    from envdoctor.compilers.edgetpu.gate import judge_edgetpu
    from envdoctor.stages.gates import compiled_gate

    return compiled_gate(judge_edgetpu, context, output)


def _check_program(path: Path) -> object:
    from envdoctor.compilers.edgetpu.locate import read_compiler

    return read_compiler(path, origin="--compiler")


def _fill(path: Path, files: Path) -> None:
    from envdoctor.compilers.edgetpu.bundle import fill

    fill(path, files)


def _inspect(files: Path) -> str:
    from envdoctor.compilers.edgetpu.bundle import inspect

    return inspect(files)


def _predict(model: Model, release: str, arguments: Sequence[str]) -> Prediction:
    from envdoctor.compilers.edgetpu.forecast import predict_release

    return predict_release(model, release, arguments)


def _advise(model: Model, prediction: EdgeTpuPrediction) -> Guidance:
    from envdoctor.compilers.edgetpu.advice import guide

    return guide(model, prediction)


def _compare(prediction: Prediction, model: Model, path: Path) -> tuple[Disagreement, ...]:
    from envdoctor.compilers.edgetpu.agreement import compare

    return compare(prediction, model, path)


COMPILER = Compiler(
    name="edgetpu",
    title="the Edge TPU compiler",
    products=(Product(kind="edgetpu-tflite", suffix="_int8_edgetpu.tflite", gate=_gate),),
    actions=_actions,
    topics=frozenset({"edgetpu", "emulation"}),
    check_program=_check_program,
    toolchains={"edgetpu-compiler": ToolchainFiles(fill=_fill, inspect=_inspect)},
    predict=_predict,
    advise=_advise,
    compare=_compare,
)
