"""What a stage's product must be before the next stage, or a user, gets it.

A gate adds what it found to the stage's output, or fails the stage, so that the next route is tried. It looks at the
product itself: what a converter or a compiler says of its own work is not enough.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.compilers.edgetpu.gate import judge_edgetpu
from envdoctor.compilers.vela.gate import judge_vela
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.gates.comparison import compare_with_float
from envdoctor.stages.gates.structure import Wanted, judge_float, judge_int8
from envdoctor.stages.problems import finding
from envdoctor.tflite.reader import map_file, open_model, read_model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.finding import Finding
    from envdoctor.tflite.model import Model

Gate = Callable[[StageContext, StageOutput], StageOutput]


def judge(context: StageContext, artifact: Artifact, output: StageOutput) -> StageOutput:
    """Judge what a stage made; kinds without a gate pass as they are.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    gate = GATES.get(artifact.kind)
    return output if gate is None else gate(context, output)


def _int8(context: StageContext, output: StageOutput) -> StageOutput:
    judged = _add(output, judge_int8(_read(output), Wanted.of(context.request)))
    compared = compare_with_float(context, judged)
    return _add(dataclasses.replace(judged, summary={**judged.summary, **compared.summary}), compared.findings)


def _float(_: StageContext, output: StageOutput) -> StageOutput:
    return _add(output, judge_float(_read(output)))


def _vela(context: StageContext, output: StageOutput) -> StageOutput:
    judged = judge_vela(_read(output), read_model(context.source.path), output.summary, context.request.options)
    return _add(dataclasses.replace(output, summary={**output.summary, **judged.summary}), judged.findings)


def _edgetpu(context: StageContext, output: StageOutput) -> StageOutput:
    judged = judge_edgetpu(_read(output), read_model(context.source.path), output.summary, context.request.options)
    return _add(dataclasses.replace(output, summary={**output.summary, **judged.summary}), judged.findings)


GATES: dict[ArtifactKind, Gate] = {
    ArtifactKind.TFLITE_FLOAT: _float,
    ArtifactKind.TFLITE_INT8: _int8,
    ArtifactKind.VELA_TFLITE: _vela,
    ArtifactKind.EDGETPU_TFLITE: _edgetpu,
}


def _read(output: StageOutput) -> Model:
    """The product, called by its name alone: the folder that it stands in is not the one where it ends."""
    try:
        return open_model(map_file(output.path), name=output.path.name)
    except Unreadable as error:
        evidence = (Evidence(source=output.path.name, excerpt=str(error)),)
        raise StageFailed(finding("file-truncated", output.path.name, evidence, words=f"{error}.")) from None


def _add(output: StageOutput, findings: Iterable[Finding]) -> StageOutput:
    """The output with the findings added.

    Raises:
        StageFailed: one of them is an error: the first, with what else was wrong in its evidence.
    """
    found = tuple(findings)
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors:
        others = tuple(Evidence(source=one.name, excerpt=one.message) for one in errors[1:])
        raise StageFailed(dataclasses.replace(errors[0], evidence=errors[0].evidence + others))
    return dataclasses.replace(output, findings=output.findings + found)
