"""What rknn-toolkit2 made of a model, by the file itself: for which chip, by which version, with which numbers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.compilers.rknn.chips import chip_of
from envdoctor.compilers.rknn.reader import read_rknn
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.file_readers import identify_by
from envdoctor.stages.gates.comparison import judge_accuracy, judge_outputs
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.finding import Finding
    from envdoctor.core.request import BuildOptions


def judge_rknn(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge an .rknn file.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    subject = output.path.name
    try:
        made, words = identify_by(output.path, (read_rknn,)), "it is no .rknn file, or empty"
    except Unreadable as error:
        made, words = None, str(error)
    if made is None:
        evidence = (Evidence(source=subject, excerpt=words),)
        raise StageFailed(finding("file-truncated", subject, evidence, words=f"{subject}: {words}."))
    chip = chip_of(context.request.goal)
    found = [
        *_of_chip(made, {chip.target, *chip.same}, subject),
        *_of_version(made, str(output.summary.get("toolkit", "")), subject),
        *_of_numbers(output.summary, context.request.options, subject),
    ]
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors:
        raise StageFailed(errors[0])
    told = {"chip": made.chip, "version": made.compiler_version, "bytes": output.path.stat().st_size}
    told |= {"inputs": list(made.inputs or ()), "outputs": list(made.outputs or ())}
    return dataclasses.replace(output, summary={**told, **output.summary}, findings=(*output.findings, *found))


def _of_chip(made: FileIdentity, wanted: set[str], subject: str) -> Iterator[Finding]:
    if not wanted.intersection(made.targets):
        evidence = (Evidence(source=subject, excerpt=f"target_platform {', '.join(made.targets)}"),)
        names = " or ".join(sorted(wanted)).upper()
        yield finding("rknn-other-chip", subject, evidence, made=made.chip or "no chip that it names", wanted=names)


def _of_version(made: FileIdentity, toolkit: str, subject: str) -> Iterator[Finding]:
    if toolkit and made.compiler_version.partition("+")[0] != toolkit.partition("+")[0]:
        evidence = (Evidence(source=subject, excerpt=f"version {made.compiler_version}"),)
        told = made.compiler_version or "a version that it does not name"
        yield finding("rknn-version-differs", subject, evidence, made=told, toolkit=toolkit)


def _of_numbers(summary: Mapping[str, Any], options: BuildOptions, subject: str) -> Iterator[Finding]:
    if "comparison" not in summary:
        words = str(summary.get("not_run") or "the stage ran it nowhere")
        yield finding("not-compared", subject, (Evidence(source="simulator", excerpt=words),), words=words)
        return
    yield from judge_outputs(summary["comparison"], options.thresholds, subject)
    if "accuracy" in summary:
        yield from judge_accuracy(summary["accuracy"], options.thresholds, subject)
