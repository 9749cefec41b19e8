"""ONNX -> an ONNX file around a context binary for a Hexagon, by onnxruntime-qnn."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.compilers.qualcomm.context import read_contexts
from envdoctor.compilers.qualcomm.socs import soc_of
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import compile_by_worker
from envdoctor.stages.given import HOW, needs_samples, needs_sizes
from envdoctor.stages.requirements import no_foreign_operators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

ENVIRONMENT = "qualcomm"
_TASK = Path(__file__).resolve().parent / "workers" / "compile_context.py"
#: A container with glibc 2.36.
_CONTAINER = ("docker", "run", "--rm", "-w", "/work", "-v")
_IMAGE = "python:3.12-bookworm"


def run(context: StageContext) -> StageOutput:
    """Compile for the goal's chip; the contexts alone are laid beside the ONNX file.

    Raises:
        StageFailed: it failed.
    """
    soc = soc_of(context.request.accelerator)
    request = {"soc": soc.model, "arch": soc.arch, "floats": soc.floats}
    made = compile_by_worker(context, _TASK, "_qnn.onnx", request)
    return dataclasses.replace(made, files=tuple(_binaries(made.path)))


def _binaries(output: Path) -> Iterator[Path]:
    """The contexts as QNN's own tools take them, a file each; none of a file that the gate will refuse."""
    try:
        data = read_contexts(output).data
    except Unreadable:
        return
    for number, content in enumerate(data, 1):
        file = output.with_name(f"{output.stem}{'' if len(data) == 1 else f'_{number}'}.bin")
        file.write_bytes(content)
        yield file


def newer_system(facts: Facts, request: Request) -> Iterator[Reason]:
    """Where the environment can't be made for want of a newer system, a container has one."""
    for reason in needs_environment(ENVIRONMENT)(facts, request):
        if reason.verdict is Verdict.BLOCKED and facts.host.system == "linux":
            text = "Run it in a container with glibc 2.35 or newer and Python 3.11 or newer."
            yield Reason(
                verdict=Verdict.BLOCKED,
                text="a container of a newer system can do it",
                fix=Fix(text=text, commands=(_in_a_container(request),)),
            )


def _in_a_container(request: Request) -> tuple[str, ...]:
    """The same build in a container."""
    source, goal = request.source, request.goal
    folder = "." if source is None else str(source.path.resolve().parent)
    words = ("MODEL" if source is None else source.path.name, "--to", "GOAL" if goal is None else goal.name)
    build = shlex.join(["envdoctor", "build", *words, "--accept-license", ENVIRONMENT])
    return (*_CONTAINER, f"{folder}:/work", _IMAGE, "sh", "-c", f"pip install envdoctor && {build}")


def needs_integers(facts: Facts, request: Request) -> Iterator[Reason]:
    """A Hexagon that does not compute in floats takes quantized models; samples make one of a float model."""
    soc = soc_of(request.accelerator)
    if not soc.floats and request.source is not None and "quantized" not in request.source.traits:
        for reason in needs_samples(facts, request):
            text = f"this Hexagon (v{soc.arch}) takes no floats, and the model is not quantized (QDQ)"
            yield Reason(
                verdict=reason.verdict, text=text, fix=Fix(text=f"{HOW[0].upper()}{HOW[1:]}."), code=reason.code
            )


ACTION = Action(
    name="qualcomm-context",
    title="compile for Hexagon with onnxruntime-qnn",
    consumes=frozenset({ArtifactKind.ONNX}),
    produces="qnn-context",
    run=run,
    environment=ENVIRONMENT,
    requires=(needs_environment(ENVIRONMENT), newer_system, needs_sizes, needs_integers, no_foreign_operators),
    goals=frozenset({"qualcomm"}),
    options=frozenset({"calibration", "random_calibration", "evaluation", "inputs", "require_mapped", "thresholds"}),
    cost=20.0,
)
