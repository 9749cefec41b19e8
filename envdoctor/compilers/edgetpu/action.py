"""int8 .tflite -> a file for the Coral Edge TPU, by edgetpu_compiler, in whatever place can start it."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.compilers.edgetpu import places
from envdoctor.compilers.edgetpu.forecast import foresee, hopeless, surprise
from envdoctor.compilers.edgetpu.identity import identify
from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.notebook import check_compiled, check_result, write_notebook
from envdoctor.compilers.edgetpu.result import Outcome
from envdoctor.compilers.edgetpu.running import open_bench
from envdoctor.compilers.edgetpu.strategy import Compiled, compile_model
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence
from envdoctor.core.route import Verdict
from envdoctor.stages.problems import finding
from envdoctor.stages.requirements import read_by_compiler, with_trait
from envdoctor.support.text import quote_command
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envdoctor.compilers.edgetpu.result import CompilerLog
    from envdoctor.tflite.model import Model

_EXCERPT = 600

#: Options that would lead the compiler's files elsewhere.
_OURS = ("-o", "--out_dir", "-h", "--help", "-v", "--version")


def run(context: StageContext) -> StageOutput:
    """Compile, in the stage's place, and keep the compiler's log.

    The file is read before: a damaged one is told from one that the compiler refuses.
    """
    source = context.source.path.resolve()
    try:
        model = read_model(source)
    except Unreadable as error:
        evidence = (Evidence(source=str(source), excerpt=str(error)),)
        raise StageFailed(finding("model-refused", source.name, evidence, words=f"{error}.")) from None
    options = _options(context)
    _refuse_hopeless(context, model, options)
    if context.place == places.NOTEBOOK:
        return _by_a_person(context, source, options)
    work = context.folder / "work"
    work.mkdir()
    shutil.copyfile(source, work / source.name)
    bench = open_bench(context, work)
    compiled = compile_model(bench, ["-s", *options], source.name)
    return _held_against_prediction(_collect(context, source, work, compiled), model, compiled)


def _refuse_hopeless(context: StageContext, model: Model, options: Sequence[str]) -> None:
    """End the stage before anything runs, if less than `--require-mapped` would certainly be mapped."""
    required = context.request.options.require_mapped
    prediction = None if required is None else foresee(model, options)
    refusal = None if prediction is None or required is None else hopeless(model, prediction, required)
    if refusal is not None:
        raise StageFailed(refusal)


def _held_against_prediction(output: StageOutput, model: Model, compiled: Compiled) -> StageOutput:
    """The output, with a finding if the compiled file is not what the rules predict for that compiler."""
    prediction = foresee(model, compiled.run.result.argv, str(output.summary["compiler"]))
    found = None if prediction is None else surprise(model, read_model(output.path), prediction)
    return output if found is None else dataclasses.replace(output, findings=(*output.findings, found))


def _options(context: StageContext) -> tuple[str, ...]:
    options = context.request.options.compiler_args
    wrong = next((option for option in options if option.partition("=")[0] in _OURS), None)
    if wrong is not None:
        evidence = (Evidence(source="--compiler-arg", excerpt=wrong),)
        words = f"{wrong} is for envdoctor to give"
        raise StageFailed(finding("tool-refused-arguments", wrong, evidence, words=words))
    return options


def _by_a_person(context: StageContext, source: Path, options: Sequence[str]) -> StageOutput:
    result = context.request.options.resume
    if result is None:
        notebook = (context.out or context.log.parent) / f"{source.stem}_edgetpu.ipynb"
        write_notebook(context.folder / notebook.name, source, ("-s", *options))
        (context.folder / notebook.name).replace(notebook)
        evidence = (Evidence(source=str(notebook), excerpt=f"holds {source.name}"),)
        raise StageFailed(
            finding("notebook-waits", source.name, evidence, words=str(notebook)), of_place=True, waits=True
        )
    try:
        check_result(result, source)
    except Unreadable as error:
        evidence = (Evidence(source=str(result), excerpt=str(error)),)
        raise StageFailed(finding("resumed-file-wrong", result.name, evidence, words=str(error))) from None
    compiled = context.folder / f"{source.stem}_edgetpu.tflite"
    shutil.copyfile(result, compiled)
    return StageOutput(path=compiled, summary={"compiler": "in a notebook"})


def _collect(context: StageContext, source: Path, work: Path, compiled: Compiled) -> StageOutput:
    """Move what the compiler wrote into the stage's folder: the model, or its segments, and the logs."""
    models = sorted(work.glob("*_edgetpu.tflite"))
    if not models:
        evidence = (Evidence(source=quote_command(compiled.run.result.argv), excerpt="exited with status 0"),)
        name = f"{source.stem}_edgetpu.tflite"
        raise StageFailed(finding("compiled-file-missing", source.name, evidence, words=name))
    if compiled.log.outcome is not Outcome.SUCCEEDED:
        _require_compiled(models, source, compiled)
    logs = [log for log in (model.with_suffix(".log") for model in models) if log.is_file()]
    written = [parse_log(log.read_text("utf-8", "replace")) for log in logs]
    kept = [path.replace(context.folder / path.name) for path in (*models, *logs)]
    shutil.rmtree(work)
    return StageOutput(
        path=kept[0],
        files=tuple(kept[1:]),
        summary=_summary(compiled.log, written or [compiled.log]),
        findings=compiled.findings,
    )


def _require_compiled(models: Sequence[Path], source: Path, compiled: Compiled) -> None:
    """End the stage where neither the compiler's words nor its files show that the model was compiled."""
    try:
        check_compiled(models, source, whole="-i" not in compiled.run.result.argv)
    except Unreadable as error:
        said = compiled.run.printed.strip()[-_EXCERPT:] or "nothing was printed"
        evidence = (Evidence(source=quote_command(compiled.run.result.argv), excerpt=said),)
        raise StageFailed(finding("compiled-file-wrong", source.name, evidence, words=str(error))) from None


def _summary(said: CompilerLog, written: Sequence[CompilerLog]) -> dict[str, object]:
    """What the console tells (memory, time), and the tables, which every version's log files have."""
    values: dict[str, object] = {"compiler": said.version or "unknown"}
    if said.milliseconds is not None:
        values["compile_milliseconds"] = said.milliseconds
    if said.models:
        memory = said.models[-1].memory
        numbers = {
            "on_chip_bytes": memory.on_chip_used,
            "off_chip_bytes": memory.off_chip_used,
            "subgraphs": said.models[-1].subgraphs,
        }
        values |= {name: number for name, number in numbers.items() if number is not None}
    rows = [row for log in written for row in log.rows]
    return values | {
        "log_rows": [{"operator": row.op, "count": row.count, "status": row.text or row.status.value} for row in rows]
    }


ACTION = Action(
    name="edgetpu",
    title="compile for the Edge TPU",
    consumes=frozenset({ArtifactKind.TFLITE_INT8}),
    produces="edgetpu-tflite",
    run=run,
    requires=(
        read_by_compiler,
        with_trait(
            "int16x8",
            Verdict.BLOCKED,
            "its activations have 16 bits; the Edge TPU computes with 8",
            "nothing-on-accelerator",
        ),
        with_trait(
            "dynamic-shapes",
            Verdict.BLOCKED,
            "shapes of the model are computed when it runs, which the compiler refuses",
            "dynamic-tensors",
            kind=ArtifactKind.TFLITE_INT8,
        ),
        with_trait(
            "per-channel-dense",
            Verdict.BLOCKED,
            "dense weights have a scale for each output, with which this compiler is known to compute wrong numbers",
            "per-channel-dense-compiled",
            kind=ArtifactKind.TFLITE_INT8,
        ),
    ),
    places=places.PLACES,
    goals=frozenset({"edgetpu"}),
    options=frozenset({"compiler_args", "require_mapped", "ssh_host", "resume"}),
    tool=identify,
    cost=4.0,
)
