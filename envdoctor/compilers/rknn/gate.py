"""What rknn-toolkit2 made of a model, by the file itself: for which chip, by which version, with which numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.compilers.rknn.chips import chip_of
from envdoctor.compilers.rknn.reader import read_rknn
from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.compiled import accept, judge_numbers, read_back
from envdoctor.stages.gates.mapping import Judged, Mapped, judge_mapping
from envdoctor.stages.problems import finding
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.action import StageContext, StageOutput
    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.finding import Finding


def judge_rknn(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge an .rknn file.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    subject, made = output.path.name, read_back(output.path, read_rknn)
    summary, options = dict(output.summary), context.request.options
    chip, mapped = chip_of(context.request.accelerator), _mapped(summary)
    judged = judge_mapping(mapped, subject, options.require_mapped) if mapped.total else Judged()
    found = [
        *_of_chip(made, {chip.target, *chip.same}, subject),
        *_of_version(made, str(summary.get("toolkit", "")), subject),
        *judged.findings,
        *judge_numbers(summary, options, subject, "simulator"),
    ]
    told = {"chip": made.chip, "version": made.compiler_version, "bytes": output.path.stat().st_size}
    told |= {"inputs": list(made.inputs or ()), "outputs": list(made.outputs or ())}
    hidden = {"operators_on_npu", "moved"}
    kept = {key: value for key, value in summary.items() if key not in hidden}
    return accept(output, {**told, **kept, **judged.summary}, found)


def _mapped(summary: Mapping[str, Any]) -> Mapped:
    """Which operators run where, by the toolkit's own table."""
    on_npu, on_cpu = summary.get("operators_on_npu", {}), summary.get("operators_on_cpu", {})
    words = f"Unkown op target, {plural(summary.get('moved', 0), 'time')}"
    reasons = (Evidence(source="rknn-toolkit2", excerpt=words),) if summary.get("moved") else ()
    return Mapped(
        packages=sum(on_npu.values()),
        on_cpu=on_cpu,
        total=sum(on_npu.values()) + sum(on_cpu.values()),
        reasons=reasons,
    )


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
