"""What IREE made of a model, by the file itself: for what it is, and whether its numbers are the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.compilers.iree.reader import read_vmfb
from envdoctor.compilers.iree.targets import target_of
from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.compiled import accept, judge_numbers, read_back
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Mapping


def judge_module(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge a .vmfb file.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    subject, made = output.path.name, read_back(output.path, read_vmfb)
    wanted = target_of(context.request.accelerator).triple
    if made.chip not in {wanted, ""}:  # a model that only hands its inputs on has no machine code
        evidence = (Evidence(source=subject, excerpt=made.chip),)
        raise StageFailed(finding("iree-other-target", subject, evidence, made=made.chip, wanted=wanted))
    told: Mapping[str, object] = {
        "target": made.chip or "any: there is no machine code in it",
        "bytes": output.path.stat().st_size,
    }
    found = judge_numbers(output.summary, context.request.options, subject, "IREE")
    return accept(output, {**told, **output.summary}, found)
