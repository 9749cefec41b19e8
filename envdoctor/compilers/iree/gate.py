"""What IREE made of a model, by the file itself: for what it is, and whether its numbers are the model's."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.compilers.iree.reader import read_vmfb
from envdoctor.compilers.iree.targets import target_of
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.file_readers import identify_by
from envdoctor.stages.gates.comparison import judge_accuracy, judge_outputs
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import BuildOptions


def judge_module(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge a .vmfb file.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    subject = output.path.name
    try:
        made, words = identify_by(output.path, (read_vmfb,)), "it is no .vmfb file, or empty"
    except Unreadable as error:
        made, words = None, str(error)
    if made is None:
        evidence = (Evidence(source=subject, excerpt=words),)
        raise StageFailed(finding("file-truncated", subject, evidence, words=f"{subject}: {words}."))
    wanted = target_of(context.request.goal).triple
    if made.chip not in {wanted, ""}:  # a model that only hands its inputs on has no machine code
        evidence = (Evidence(source=subject, excerpt=made.chip),)
        raise StageFailed(finding("iree-other-target", subject, evidence, made=made.chip, wanted=wanted))
    found = tuple(_of_numbers(output.summary, context.request.options, subject))
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors:
        raise StageFailed(errors[0])
    told = {"target": made.chip or "any: there is no machine code in it", "bytes": output.path.stat().st_size}
    return dataclasses.replace(output, summary={**told, **output.summary}, findings=(*output.findings, *found))


def _of_numbers(summary: Mapping[str, Any], options: BuildOptions, subject: str) -> Iterator[Finding]:
    if "comparison" not in summary:
        words = str(summary.get("not_run") or "the stage ran it nowhere")
        yield finding("not-compared", subject, (Evidence(source="IREE", excerpt=words),), words=words)
        return
    yield from judge_outputs(summary["comparison"], options.thresholds, subject)
    if "accuracy" in summary:
        yield from judge_accuracy(summary["accuracy"], options.thresholds, subject)
