"""Whether an int8 model answers as the float model does, over the calibration samples."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_worker
from envdoctor.support.text import plural, short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envdoctor.action import StageContext, StageOutput
    from envdoctor.core.finding import Finding
    from envdoctor.core.request import Thresholds

#: The environment that the comparison runs in.
ENVIRONMENT = "litert"
#: What a swallowed signal explains.
_OF_A_SIGNAL = frozenset({"outputs-differ", "outputs-constant"})
#: With fewer evaluation samples, chance decides which share is right.
_FEW_SAMPLES = 20
#: A constant of this size is meant to be "infinite".
_MASK = 1e3
#: An output below these is off by more than rounding. Where a mask is known to flatten scores that is enough: what goes
#: around the attention keeps it above the thresholds.
_ROUNDED, _SAME_PLACE = 0.98, 0.95
#: So much smaller than all others, a score adds less than 1e-5 of a softmax.
_BEYOND = 12
#: What a stage that writes a reference starts from where that is a mend, and no quantizer.
_MENDED = frozenset({ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8})
#: The words that name a tensor, in what is told of a swallowed signal.
_TENSORS = frozenset({"tensor", "result", "widest"})
#: Other inputs are clipped more than the samples clip each other: of 12 nets, half of what is accepted told those apart
#: whose outputs on further samples were wrong.
_CLIPPED = 0.5
_NO_REFERENCE = "no earlier stage had the float model and samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of a comparison: values for the summary, and findings."""

    summary: Mapping[str, Any] = field(default_factory=dict)
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
        return Compared(findings=(finding("not-compared", subject, evidence, words="LiteRT could not be installed"),))
    request = {"model": output.path.resolve(), "reference": reference.resolve()}
    values: Mapping[str, Any] = run_worker(context, "litert_compare", request, python)
    accuracy, hidden = values.get("accuracy"), {"accuracy", "swallowed", "unread", "operators"}
    kind = "mending" if output.reference is not None and context.source.kind in _MENDED else "comparison"
    summary: dict[str, Any] = {kind: {key: value for key, value in values.items() if key not in hidden}}
    found = judge_outputs(values, context.request.options.thresholds, subject)
    if accuracy is not None:
        summary["accuracy"] = accuracy
        found += judge_accuracy(accuracy, context.request.options.thresholds, subject)
    return Compared(summary=summary, findings=tuple(found))


def judge_outputs(values: Mapping[str, Any], thresholds: Thresholds, subject: str) -> list[Finding]:
    """What is wrong with the outputs, given what a worker measured (`ran`: what gave them, if not LiteRT). Pure."""
    found = list(_judge_calibrated(values, thresholds, subject))
    if not any(each.severity is Severity.ERROR for each in found):
        found += _judge_unseen(values, thresholds, subject)
    return found


def _judge_calibrated(values: Mapping[str, Any], thresholds: Thresholds, subject: str) -> Iterator[Finding]:
    alike = [one.get("frozen") and not one["drowned"] for one in values["outputs"]]
    if not values.get("random") and alike and all(alike):
        names = ", ".join(str(one["name"]) for one in values["outputs"])
        said = Evidence(source="the float model", excerpt=f"the same {names} for each of {values['samples']} samples")
        yield finding("float-model-constant", subject, (said,), samples=values["samples"])
        return
    for one in values["outputs"]:
        evidence = (
            Evidence(
                source=f"{values.get('ran', 'LiteRT')} on {plural(values['samples'], 'sample')}", excerpt=_measures(one)
            ),
        )
        wrong = list(_wrong(one | {"floats": _floats_beside_int16(values)}, thresholds, subject, evidence))
        lost = [each for each in wrong if each.name == "channels-lost"]
        swallowed, unread = values.get("swallowed"), values.get("unread")
        is_far = any(each.name in _OF_A_SIGNAL for each in wrong)
        is_masked = swallowed is not None and _is_mask(swallowed) and _is_moved(one)
        if unread and is_far:
            yield _unread(unread, subject, (*evidence, *_said(wrong)))
        elif swallowed and lost and _is_of_the_output(one["lost"], swallowed):
            yield from lost
        elif swallowed and (is_far or is_masked):
            yield _swallowed(swallowed, subject, (*evidence, *_said(wrong)))
        else:
            yield from wrong


def _judge_unseen(values: Mapping[str, Any], thresholds: Thresholds, subject: str) -> Iterator[Finding]:
    """What is wrong with outputs that are right on the samples that calibrated the model. Pure.

    One sample of a thousand may be clipped: where accuracy was measured, that judges it.
    """
    evaluated, ran = values.get("evaluated"), values.get("ran", "LiteRT")
    if evaluated:
        judged_by_accuracy = values.get("accuracy") is not None
        limits = replace(thresholds, max_difference=math.inf) if judged_by_accuracy else thresholds
        calibrated = {one["name"]: one for one in values["outputs"]}
        for one in evaluated["outputs"]:
            source = f"{ran} on {plural(evaluated['samples'], 'sample')} of --evaluate"
            evidence = (Evidence(source=source, excerpt=_measures(one)),)
            if not one["finite"]:
                yield finding("outputs-not-finite", subject, evidence, output=one["name"])
            elif complaints := "; ".join(_complaints(one, limits)):
                is_narrow = _is_far_better(calibrated.get(one["name"]), one, thresholds)
                name = "calibration-too-narrow" if is_narrow else "outputs-differ"
                words = f"on the samples of --evaluate {complaints}"
                yield finding(name, subject, evidence, output=one["name"], words=words)
        return
    for one in values["outputs"]:
        clipped = one.get("clipped")
        difference = clipped["difference"] if clipped else None
        if difference is not None and difference > _CLIPPED * thresholds.max_difference:
            source = f"the float model on {plural(values['samples'], 'sample')}"
            evidence = (Evidence(source=source, excerpt=f"clipped {_measures(clipped)}"),)
            yield finding("range-rests-on-few", subject, evidence, output=one["name"], share=_percent(difference))


def _is_far_better(calibrated: Mapping[str, Any] | None, evaluated: Mapping[str, Any], thresholds: Thresholds) -> bool:
    """Whether an output is right on calibration samples, and further off on others than rounding or chance explain."""
    first, other = (math.inf if one is None else one.get("difference") for one in (calibrated, evaluated))
    return first is not None and 2 * first < min(math.inf if other is None else other, thresholds.max_difference)


def _wrong(
    one: Mapping[str, Any], thresholds: Thresholds, subject: str, evidence: tuple[Evidence, ...]
) -> Iterator[Finding]:
    name = one["name"]
    worthless = _worthless(one)
    if worthless is not None:
        problem, words = worthless
        yield finding(problem, subject, evidence, output=name, floats=one["floats"], **_numbers(words))
        return
    if one["flat"]:
        yield finding("movement-of-a-step", subject, evidence, output=name, **_numbers(one["flat"]))
    elif one["still"]:
        yield finding("comparison-says-little", subject, evidence, output=name)
    if one.get("of_all", 1.0) < thresholds.min_agreement:
        shares = {key: _percent(one[key]) for key in ("decided", "of_all")}
        yield finding("items-within-noise", subject, evidence, output=name, floats=one["floats"], **shares)
    complaints = "; ".join(_complaints(one, thresholds))
    differs = [finding("outputs-differ", subject, evidence, output=name, words=complaints)] if complaints else []
    lost = [_channels_lost(one["lost"], name, subject, evidence)] if one["lost"] else []
    yield from sorted((*lost, *differs), key=lambda each: -each.severity)  # a lost part is why the whole differs


def _floats_beside_int16(values: Mapping[str, Any]) -> str:
    """What a build of the same model with finer steps needs beside its goal: some operators stay in floats there."""
    floats = sorted(set(values.get("operators", ())) & set(load_table("stays-float")["left"]["litert"].split()))
    return f" --allow-float ({' and '.join(floats)} in floats)" if floats else ""


def _worthless(one: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Why an output says nothing at all, with the words for it; None if it says something."""
    if not one["finite"]:
        return "outputs-not-finite", {}
    if one["drowned"]:
        return "probabilities-below-step", one["drowned"]
    if one["flat"] and one["flat"]["gone"]:
        return "movement-below-step", one["flat"]
    return ("outputs-constant", {}) if one["constant"] else None


def _listed(lost: Mapping[str, Any]) -> str:
    return ", ".join(map(str, lost["indexes"])) + (", ..." if lost["count"] > len(lost["indexes"]) else "")


def _unread(lost: Mapping[str, Any], subject: str, evidence: tuple[Evidence, ...]) -> Finding:
    words = (
        f"{lost['count']} of {lost['of']} indexes of axis {lost['axis']} ({_listed(lost)}) of the input {lost['input']}"
    )
    numbers = {key: f"{lost[key]:.3g}" for key in ("step", "range")}
    return finding("input-values-lost", subject, evidence, words=words, **numbers)


def _channels_lost(lost: Mapping[str, Any], output: str, subject: str, evidence: tuple[Evidence, ...]) -> Finding:
    listed = _listed(lost)
    step = f"one int8 step is {lost['step']:.3g}" if lost["step"] else "in int8 they do not move"
    few = f"{step}, {lost['range'] / lost['step']:.1f} make the range" if lost["step"] else f"{step}, range"
    below = f"{step} > range" if lost["step"] and lost["step"] > lost["range"] else few
    words = f"{lost['count']} of {lost['of']} indexes of axis {lost['axis']} ({listed})"
    proof = Evidence(source=f"output {output}, axis {lost['axis']}", excerpt=f"{below} {lost['range']:.3g}")
    name = "channels-lost" if lost["certain"] else "channels-perhaps-lost"
    return finding(
        name, subject, (*evidence, proof), output=output, words=words, step=step, range=f"{lost['range']:.3g}"
    )


def _swallowed(found: Mapping[str, Any], subject: str, evidence: tuple[Evidence, ...]) -> Finding:
    constant = found["constant"]
    source = "" if constant is None else f", from the constant {constant:.3g}"
    name = "signal-swallowed" if _is_mask(found) else "narrow-signal-joined"
    enough = math.ceil(found["signal"]) + _BEYOND
    words = {key: short_name(str(value)) if key in _TENSORS else value for key, value in _numbers(found).items()}
    return finding(name, subject, evidence, **words, source=source, enough=enough)


def _is_of_the_output(lost: Mapping[str, Any], swallowed: Mapping[str, Any]) -> bool:
    """Whether the step that swallows a signal is the output's own: that is its fault, and no inner tensor's."""
    return lost["step"] is not None and math.isclose(lost["step"], swallowed["step"], rel_tol=1e-3)


def _is_mask(swallowed: Mapping[str, Any]) -> bool:
    return swallowed["constant"] is not None and abs(swallowed["constant"]) >= _MASK


def _noise(one: Mapping[str, Any]) -> str:
    """That an error is as large as what it is the error of; empty if it is not."""
    if one.get("noise") is not None and one["noise"] >= 1:
        return (
            f"its error is {_percent(one['noise'])} of what it moves by over the samples, a constant would be as near"
        )
    listed = ", ".join(map(str, one.get("noisy", ())))
    return f"at the indexes {listed} of its last axis the error is as large as what they move by" if listed else ""


def _is_moved(one: Mapping[str, Any]) -> bool:
    near = one["agreement"] is None or one["agreement"] >= _SAME_PLACE
    return one["cosine"] is None or one["cosine"] < _ROUNDED or not near


def _said(findings: Iterable[Finding]) -> Iterator[Evidence]:
    return (Evidence(source=each.name, excerpt=each.message) for each in findings)


def _numbers(values: Mapping[str, Any]) -> dict[str, object]:
    return {key: f"{value:.3g}" if isinstance(value, float) else value for key, value in values.items()}


def judge_accuracy(accuracy: Mapping[str, Any], thresholds: Thresholds, subject: str) -> Iterator[Finding]:
    """Whether int8 costs more accuracy than is accepted, and whether there was any to lose. Pure."""
    yield from _at_chance(accuracy, subject)
    drop = round(accuracy["float"] - accuracy["int8"], 9)  # 1.0 - 0.95 is a little more than 0.05
    if drop > thresholds.max_drop:
        points = f"{100 * drop:.1f} points, from {accuracy['float']:.1%} to {accuracy['int8']:.1%}"
        evidence = (
            Evidence(source=f"{accuracy['samples']} evaluation samples", excerpt=f"accuracy falls by {points}"),
        )
        accepted = f"{100 * thresholds.max_drop:g}"
        yield finding("accuracy-dropped", subject, evidence, words=points, accepted=accepted)


def _at_chance(accuracy: Mapping[str, Any], subject: str) -> Iterator[Finding]:
    """A float model that is right no more often than one that always names the same class tells nothing of int8."""
    guessed, right, samples = accuracy["commonest"], accuracy["float"], accuracy["samples"]
    if guessed < 1.0 and samples >= _FEW_SAMPLES and right <= guessed:
        words = f"{right:.1%} of {samples} evaluation samples right, and {guessed:.1%} have one and the same class"
        evidence = (Evidence(source="the float model", excerpt=words),)
        yield finding("float-model-at-chance", subject, evidence, words=words)


def _complaints(one: Mapping[str, Any], thresholds: Thresholds) -> Iterator[str]:
    difference, cosine, most, least = one["difference"], one["cosine"], thresholds.max_difference, thresholds.min_cosine
    if difference is None or difference > most:
        yield (
            f"the largest difference is {_percent(difference, most)} of the output's range, "
            f"at most {_percent(most, difference)} is accepted"
        )
    if cosine is None or cosine < least:
        yield f"the cosine similarity is {_decimal(cosine, least)}, at least {least:.9g} is required"
    if most < 1 and (noise := _noise(one)):
        yield noise
    if one["agreement"] is not None and one["agreement"] < thresholds.min_agreement:
        wanted = _percent(thresholds.min_agreement, one["agreement"])
        yield f"{_agreement(one, thresholds.min_agreement)}, at least {wanted} is required"


def _agreement(one: Mapping[str, Any], least: float | None = None) -> str:
    share = _percent(one["agreement"], least)
    words = {
        "labels": f"{share} of its whole numbers are the float model's",
        "items": f"{share} of the float model's items are among its own",
    }
    return words.get(one.get("of", ""), f"the largest value is at the same place in {share} of the samples")


def _measures(one: Mapping[str, Any]) -> str:
    if one.get("of"):
        return f"output {one['name']}: {_agreement(one)}"
    parts = [f"largest difference {_percent(one['difference'])} of the range", f"cosine {_decimal(one['cosine'])}"]
    if one["agreement"] is not None:
        parts.append(f"same largest value in {_percent(one['agreement'])}")
    return f"output {one['name']}: {', '.join(parts)}"


def _percent(share: float | None, beside: float | None = None) -> str:
    return "unknown" if share is None else f"{share:.{_digits(100 * share, beside and 100 * beside, 1)}%}"


def _decimal(value: float | None, beside: float | None = None) -> str:
    return "unknown" if value is None else f"{value:.{_digits(value, beside, 4)}f}"


def _digits(value: float, beside: float | None, least: int) -> int:
    """How many digits tell a number from the one that it is held against: 1.0000 is not below 1."""
    digits = range(least, 10)
    return next((each for each in digits if beside is None or round(value, each) != round(beside, each)), digits[-1])
