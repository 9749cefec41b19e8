"""What a stage's product must be before the next stage, or a user, gets it.

A gate adds what it found to the stage's output, or fails the stage, so that the next route is tried. It looks at the
product itself: what a converter or a compiler says of its own work is not enough.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.gates.comparison import compare_with_float
from envdoctor.stages.gates.invocation import run_given, run_once
from envdoctor.stages.gates.mapping import Judged
from envdoctor.stages.gates.structure import Wanted, judge_float, judge_int8, judge_mixed, judge_small
from envdoctor.stages.problems import finding
from envdoctor.tflite.reader import map_file, open_model, read_model
from envdoctor.tflite.wholeness import IMPOSSIBLE_SCALE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import BuildOptions
    from envdoctor.tflite.model import Model
    from envdoctor.tflite.quantization import Scheme

#: Judges a compiled file: takes it, the model it was made from, the stage's summary and the build's options.
JudgeCompiled = Callable[["Model", "Model", Mapping[str, Any], "BuildOptions"], Judged]


def int8_gate(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge an int8 .tflite file: by its tables, by a run, and by its answers on the samples.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    judged = add_findings(output, judge_int8(_read(output), Wanted.of(context.request)))
    return _compared(context, add_findings(judged, run_once(context, judged.path)))


def _compared(context: StageContext, judged: StageOutput) -> StageOutput:
    compared = compare_with_float(context, judged)
    return add_findings(dataclasses.replace(judged, summary={**judged.summary, **compared.summary}), compared.findings)


def small_gate(scheme: Scheme, context: StageContext, output: StageOutput) -> StageOutput:
    """Judge a .tflite file that computes in floats with weights of another type, as `int8_gate` does.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    judged = add_findings(output, judge_small(_read(output), scheme))
    return _run_and_compared(context, judged, calibrated=False, differs="weights-change-outputs")


def mixed_gate(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge a .tflite file that was quantized by a user's recipe: something in it must be.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    calibrated = context.request.options.random_calibration
    return _run_and_compared(context, add_findings(output, judge_mixed(_read(output))), calibrated=calibrated)


def _run_and_compared(
    context: StageContext, output: StageOutput, *, calibrated: bool, differs: str = "outputs-differ"
) -> StageOutput:
    """Run the product and compare it; on made-up samples, unless it was calibrated with them, differences warn only."""
    judged = add_findings(output, run_once(context, output.path))
    compared = compare_with_float(context, judged)
    judged = dataclasses.replace(judged, summary={**judged.summary, **compared.summary})
    made_up = not calibrated and compared.summary.get("comparison", {}).get("random", False)
    problem = "outputs-differ-on-made-up" if made_up else differs
    return add_findings(judged, [_told_as(problem, found) for found in compared.findings])


def _told_as(problem: str, found: Finding) -> Finding:
    """Outputs that differ, as another problem: on made-up samples that is a warning where none are needed.

    A network may answer noise with anything, and that the weights are the source's is proven by the worker.
    """
    if found.name not in {"outputs-differ", "calibration-too-narrow"} or problem == "outputs-differ":
        return found
    words = found.message.partition(": ")[2].rstrip(".")
    return finding(problem, found.subject, found.evidence, words=words)


def float_gate(_: StageContext, output: StageOutput) -> StageOutput:
    """Judge a float .tflite file.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    return add_findings(output, judge_float(_read(output)))


def compiled_gate(judge: JudgeCompiled, context: StageContext, output: StageOutput) -> StageOutput:
    """Judge what a compiler made of an int8 model.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    source = read_model(context.source.path)
    judged = judge(_read(output), source, output.summary, context.request.options)
    not_run = f"not run, that takes the device: what was run and judged is {context.source.path.name}"
    summary = {**output.summary, **judged.summary, "compiled file": not_run}
    judged_output = dataclasses.replace(output, summary=summary)
    return add_findings(judged_output, (*judged.findings, *run_given(context)))


def _read(output: StageOutput) -> Model:
    """The product, called by its name alone: the folder that it stands in is not the one where it ends."""
    try:
        return open_model(map_file(output.path), name=output.path.name)
    except Unreadable as error:
        evidence = (Evidence(source=output.path.name, excerpt=str(error)),)
        name = "ranges-not-finite" if IMPOSSIBLE_SCALE in str(error) else "file-truncated"
        words = str(error).rpartition(": ")[2]
        raise StageFailed(finding(name, output.path.name, evidence, words=f"{error}.", tensor=words)) from None


def add_findings(output: StageOutput, findings: Iterable[Finding]) -> StageOutput:
    """The output with the findings added.

    Raises:
        StageFailed: one of them is an error: the first, with what else was found, also before, in its evidence.
    """
    found = tuple(findings)
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors:
        others = tuple(Evidence(source=one.name, excerpt=one.message) for one in (*output.findings, *errors[1:]))
        raise StageFailed(dataclasses.replace(errors[0], evidence=errors[0].evidence + others))
    return dataclasses.replace(output, findings=output.findings + found)
