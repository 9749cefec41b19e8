"""int8 .tflite -> a file for Arm Ethos-U, by Vela."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.compilers.vela.report import parse_summary, parse_warnings, without_tensor
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.command import Command
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence
from envdoctor.core.route import Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.foreseen import rest_runs
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import failed, run_logged
from envdoctor.stages.requirements import with_trait
from envdoctor.support.text import quote_command
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from pathlib import Path

_TITLE = "Vela"
#: Operators that it takes for an Ethos-U55 and that TensorFlow Lite Micro lacks (--supported-ops-report of 5.2.0).
_TAKEN = frozenset({"GELU", "RELU_0_TO_1", "RELU_N1_TO_1", "TILE"})


def run(context: StageContext) -> StageOutput:
    """Compile for the goal's accelerator.

    The file is read before: Vela 5.2.0 crashes with SIGSEGV on a damaged one.
    """
    source, goal = context.source.path.resolve(), context.request.goal
    try:
        read_model(source)
    except Unreadable as error:
        evidence = (Evidence(source=str(source), excerpt=str(error)),)
        raise StageFailed(finding("model-refused", source.name, evidence, words=f"{error}.")) from None
    command = Command(
        argv=(
            *(str(context.python), "-I", "-X", "utf8", "-X", "faulthandler", "-m", "ethosu.vela", str(source)),
            *("--accelerator-config", str(goal.accelerator if goal else None)),
            *("--output-dir", str(context.folder), *context.request.options.compiler_args),
        ),
        cwd=context.folder,
    )
    result, printed = run_logged(context, command)
    if not result.ok:
        raise failed(context, result, printed, _TITLE)
    compiled = context.folder / f"{source.stem}_vela.tflite"
    if not compiled.is_file():
        evidence = (Evidence(source=quote_command(result.argv), excerpt="exited with status 0"),)
        raise StageFailed(finding("compiled-file-missing", source.name, evidence, words=compiled.name))
    return _output(context.folder, compiled, printed)


def _output(folder: Path, compiled: Path, printed: str) -> StageOutput:
    report = folder / f"{compiled.stem}_summary.csv"
    written = sorted(folder.glob("*_summary_*.csv"))
    if written:
        written[0].replace(report)
    reasons = [{**dataclasses.asdict(one), "reason": without_tensor(one.reason)} for one in parse_warnings(printed)]
    measured = parse_summary(report.read_text(encoding="utf-8")) if written else {}
    summary = {**measured, "reasons": reasons} if reasons else measured
    return StageOutput(path=compiled, files=(report,) if written else (), summary=summary)


ACTION = Action(
    name="vela",
    title="compile for Ethos-U with Vela",
    consumes=frozenset({ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8}),
    produces="vela-tflite",
    run=run,
    environment="vela",
    requires=(
        needs_environment("vela"),
        with_trait(
            "float-io", Verdict.READY, "its inputs or outputs are float: the CPU converts them at each inference"
        ),
        rest_runs(_TAKEN),
        with_trait("partial", Verdict.READY, "some of its operators compute in floats: they will run on the CPU"),
    ),
    goals=frozenset({"vela"}),
    options=frozenset({"compiler_args", "require_mapped"}),
    cost=1.0,
)
