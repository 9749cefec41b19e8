"""Whether a model that TensorFlow Lite Micro runs fits a device, and computes what LiteRT computes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.stages.problems import finding
from envdoctor.support.hashing import hash_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.core.prediction import Estimate
    from envdoctor.core.request import BuildOptions

#: Reference kernels of the two differ by rounding: so many steps of a scale say nothing, nor such a share of a range.
_STEPS, _SHARE = 2.0, 1e-3
#: Of 16 bits that share is what 8 bits could not tell apart: LiteRT's table for RSQRT is 29 steps off.
_SHARE_OF_STEPS = 1 / 256
#: How far what is predicted and what is needed can be apart.
_SURE = 1.03
_FILE = "the file, by TensorFlow Lite Micro's own rules"
_INTERPRETER = "TensorFlow Lite Micro's interpreter on x86-64"


def gate(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge what was measured, against the limits of the request.

    Raises:
        StageFailed: the file is not the one that was run, it does not fit, or it computes something else in LiteRT.
    """
    subject = context.source.path.name
    if hash_path(output.path) != context.source.sha256:
        raise StageFailed(finding("tflm-file-differs", subject))
    found = tuple(judge(output.summary, context.request.options, subject))
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors:
        others = tuple(Evidence(source=one.name, excerpt=one.message) for one in errors[1:])
        raise StageFailed(dataclasses.replace(errors[0], evidence=errors[0].evidence + others))
    measured: Mapping[str, Any] = output.summary
    summary = {"measured_with": f"{_INTERPRETER} with reference kernels, not on the board", **measured}
    if "litert" in measured:
        summary["litert"] = dict(_in_words(measured["litert"]))
    return dataclasses.replace(output, summary=summary, findings=output.findings + found)


def judge(summary: Mapping[str, Any], options: BuildOptions, subject: str) -> Iterator[Finding]:
    """What is wrong with a model, given what the stage measured. Pure."""
    arena = summary.get("arena")
    if arena is None:
        yield finding("tflm-not-measured", subject)
    else:
        yield from _too_large(arena["bytes_needed"], options.arena, "tflm-arena-exceeded", subject)
    yield from _too_large(
        summary.get("flash", {}).get("bytes_of_model", 0), options.flash, "tflm-flash-exceeded", subject
    )
    yield from _differences(summary.get("litert", {"unknown": "it was not run"}), subject)


def hold(estimate: Estimate, path: Path, limits: Mapping[str, int]) -> Iterator[Finding]:
    """The same limits held against what is predicted; where that is too near to tell, it says so."""
    arena, subject = estimate.needs.get("arena"), path.name
    yield from _too_large(path.stat().st_size, limits.get("flash"), "tflm-flash-exceeded", subject, _FILE)
    if not isinstance(arena, int) or "arena" not in limits:
        return
    limit = limits["arena"]
    if arena > limit * _SURE:
        yield from _too_large(arena, limit, "tflm-arena-exceeded", subject, _FILE)
    elif arena * _SURE > limit:
        evidence = (Evidence(source=_FILE, excerpt=f"arena {arena}"),)
        yield finding("tflm-arena-near", subject, evidence, needed=f"{arena:,}", limit=f"{limit:,}")


def _too_large(
    needed: int, limit: int | None, name: str, subject: str, source: str = _INTERPRETER
) -> Iterator[Finding]:
    if limit is not None and needed > limit:
        evidence = (Evidence(source=source, excerpt=f"{needed} bytes of at most {limit}"),)
        yield finding(name, subject, evidence, needed=f"{needed:,}", limit=f"{limit:,}", over=f"{needed - limit:,}")


def _differences(compared: Mapping[str, Any], subject: str) -> Iterator[Finding]:
    if "unknown" in compared:
        yield finding("tflm-not-compared", subject, words=compared["unknown"].rstrip("."))
    for one in compared.get("outputs", ()):
        if one["different"] and _is_beyond_rounding(one):
            words = _difference(one)
            evidence = (Evidence(source=f"output {one['name']}", excerpt=words),)
            yield finding("tflm-outputs-differ", subject, evidence, output=one["name"], words=words)


def _in_words(compared: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The comparison with LiteRT's kernels as rows of a table."""
    if "unknown" in compared:
        yield "not_compared", compared["unknown"]
    for one in compared.get("outputs", ()):
        yield (
            f"output {one['name']}",
            (_difference(one) if one["different"] else f"all {one['values']:,} values are equal") + _of_kernels(one),
        )


def _of_kernels(one: Mapping[str, Any]) -> str:
    """Which of LiteRT's kernels are meant, where it is not the reference kernels."""
    of_others = one.get("kernels") == "optimized"
    return " (LiteRT's optimized kernels; its reference kernels differ, or there are none)" if of_others else ""


def _difference(one: Mapping[str, Any]) -> str:
    counted = f"{one['different']:,} of {one['values']:,} values differ"
    if one["steps"] is not None:
        return f"{counted}, by at most {one['steps']:.0f} steps of its scale"
    return counted if one["share"] is None else f"{counted}, by at most {one['share']:.2g} of its range"


def _is_beyond_rounding(one: Mapping[str, Any]) -> bool:
    if one["steps"] is not None and one["steps"] <= _STEPS:
        return False
    return one["share"] is None or one["share"] > (_SHARE if one["steps"] is None else _SHARE_OF_STEPS)
