"""Whether an int8 model answers as the float model does, over the calibration samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.core.finding import Evidence
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.action import StageContext, StageOutput
    from envdoctor.core.finding import Finding
    from envdoctor.core.request import Thresholds

#: The environment that the comparison runs in.
ENVIRONMENT = "litert"
_NO_REFERENCE = "no earlier stage had the float model and samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of a comparison: values for the summary, and findings."""

    summary: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def compare_with_float(context: StageContext, output: StageOutput) -> Compared:
    """Run the int8 model in LiteRT on the samples of the reference, and measure accuracy where there are labels.

    Without a reference, or without LiteRT, the answer is that nothing is known: a warning, never a pass in silence.

    Raises:
        StageFailed: the model does not run.
    """
    subject = output.path.name
    reference = output.reference or context.reference
    if reference is None:
        return Compared(findings=(finding("not-compared", subject, words=_NO_REFERENCE),))
    try:
        python = context.interpreter(ENVIRONMENT)
    except (EnvironmentProblem, NetworkProblem) as error:
        evidence = (Evidence(source=ENVIRONMENT, excerpt=str(error)),)
        return Compared(findings=(finding("not-compared", subject, evidence, words="LiteRT could not be had"),))
    request = {"model": output.path.resolve(), "reference": reference.resolve()}
    values: Mapping[str, Any] = run_worker(context, "litert_compare", request, python)
    accuracy = values.get("accuracy")
    key = "comparison" if output.reference is None or context.source.kind != ArtifactKind.TFLITE_INT8 else "mending"
    summary = {key: {name: value for name, value in values.items() if name != "accuracy"}}
    found = judge_outputs(values["outputs"], context.request.options.thresholds, subject, values["samples"])
    return Compared(summary=summary if accuracy is None else {**summary, "accuracy": accuracy}, findings=tuple(found))


def judge_outputs(
    outputs: list[Mapping[str, Any]], thresholds: Thresholds, subject: str, samples: int
) -> Iterator[Finding]:
    """What is wrong with the outputs, given the measures of the worker (see `litert_compare.compare`). Pure."""
    for one in outputs:
        evidence = (Evidence(source=f"LiteRT on {samples} samples", excerpt=_measures(one)),)
        if not one["finite"]:
            yield finding("outputs-not-finite", subject, evidence, output=one["name"])
        elif one["constant"]:
            yield finding("outputs-constant", subject, evidence, output=one["name"])
        else:
            complaints = list(_complaints(one, thresholds))
            if one["still"]:
                yield finding("comparison-says-little", subject, evidence, output=one["name"])
            if complaints:
                yield finding("outputs-differ", subject, evidence, output=one["name"], words="; ".join(complaints))


def _complaints(one: Mapping[str, Any], thresholds: Thresholds) -> Iterator[str]:
    if one["difference"] is None or one["difference"] > thresholds.max_difference:
        yield (
            f"the largest difference is {_percent(one['difference'])} of the output's range, "
            f"at most {_percent(thresholds.max_difference)} is accepted"
        )
    if one["cosine"] is None or one["cosine"] < thresholds.min_cosine:
        yield f"the cosine similarity is {_decimal(one['cosine'])}, at least {thresholds.min_cosine:g} is required"
    if one["agreement"] is not None and one["agreement"] < thresholds.min_agreement:
        yield (
            f"the largest value is at the same place in {_percent(one['agreement'])} of the samples, "
            f"at least {_percent(thresholds.min_agreement)} is required"
        )


def _measures(one: Mapping[str, Any]) -> str:
    parts = [f"largest difference {_percent(one['difference'])} of the range", f"cosine {_decimal(one['cosine'])}"]
    if one["agreement"] is not None:
        parts.append(f"same largest value in {_percent(one['agreement'])}")
    return f"output {one['name']}: {', '.join(parts)}"


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"


def _decimal(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"
