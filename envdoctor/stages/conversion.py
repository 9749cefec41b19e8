"""What the actions that convert and quantize have in common: the worker's request, and what comes of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.action import StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_worker
from envdoctor.stages.workers.reference import INDEX, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.action import StageContext
    from envdoctor.core.finding import Finding

#: A share of weights above which those that stay floats are named.
_MOST = 0.5
#: Fewer samples than this are worth a warning.
_FEW = 20
#: The options that every conversion with samples depends on.
SAMPLE_OPTIONS = frozenset({"calibration", "random_calibration", "evaluation", "signature"})
#: Those that a bundle's build depends on beyond its models'.
BUNDLE_OPTIONS = frozenset({"tasks_api"})
#: Those that an int8 conversion depends on, with those that its gate judges by.
INT8_OPTIONS = SAMPLE_OPTIONS | {"io_type", "trust_code", "thresholds", "allow_float"}
_SUFFIXES = {
    "saved-model": "_saved_model", "float": "_float.tflite", "int8": "_int8.tflite", "int16x8": "_int16x8.tflite",
    "dynamic": "_dynamic.tflite", "weight-only": "_weight_only.tflite", "float16": "_float16.tflite",
    "mixed": "_mixed.tflite",
}  # fmt: skip
#: What is calibrated with the samples.
_INTEGERS = frozenset({"int8", "int16x8"})


def quantize_with_litert(context: StageContext, form: str = "int8") -> StageOutput:
    """Run the LiteRT quantizer's worker, for one of the forms that it knows.

    Raises:
        StageFailed: it failed.
    """
    return convert(context, "litert_quantize", form, {"form": form})


def convert(context: StageContext, task: str, to: str, request: Mapping[str, object]) -> StageOutput:
    """Run a converting worker on the build's samples.

    Args:
        context: the stage's.
        task: the worker's.
        to: `saved-model`, `float`, or what the quantizer makes.
        request: what the worker takes beyond source, output and samples.

    Raises:
        StageFailed: it failed.
    """
    options, goal = context.request.options, context.request.goal
    output = context.folder / f"{stem(context)}{_SUFFIXES[to]}"
    reference = context.folder / "reference"
    samples = sample_options(context)
    values: dict[str, Any] = run_worker(
        context,
        task,
        {
            **request,
            "source": context.source.path.resolve(),
            "output": output,
            **samples,
            "reference": reference if context.reference is None else None,
            "order_from": None if context.reference is None else context.reference.resolve() / INDEX,
            "io_type": options.io_type,
            # What old readers take in floats, they may refuse in the version that takes int8.
            "floats_stay": options.allow_float,
            "keep_composites": goal is not None and goal.kind == "tflite-custom-ops",
            # A scale for each output of a dense layer also leaves a float SPLIT between the gates of an unrolled LSTM.
            "per_tensor_dense": (goal is not None and goal.per_tensor_dense) or bool(request.get("unroll")),
        },
    )
    values["random"] = bool(values.get("random") or (options.random_calibration and "samples" in values))
    return StageOutput(
        path=output,
        reference=reference if reference.is_dir() else None,
        summary=values,
        findings=(
            *_size_findings(context, output),
            *_weight_findings(context, values),
            *_model_findings(context, values),
            *(sample_findings(context, values) if to in _INTEGERS or request.get("calibrated") else ()),
        ),
    )


def compile_by_worker(context: StageContext, task: Path, suffix: str, request: Mapping[str, object]) -> StageOutput:
    """Run a compiler's own worker on the stage's source and the build's samples.

    Args:
        context: the stage's.
        task: the worker's module.
        suffix: of the file that it writes.
        request: what it takes beyond source, inputs, output and samples.

    Raises:
        StageFailed: it failed.
    """
    output = context.folder / f"{stem(context)}{suffix}"
    asked = {"source": context.source.path.resolve(), "inputs": inputs_of(context), "output": output}
    values: Mapping[str, Any] = run_worker(context, task, {**sample_options(context), **asked, **request})
    found = tuple(sample_findings(context, values)) if "samples" in values else ()
    return StageOutput(path=output, summary=values, findings=found)


def inputs_of(context: StageContext) -> list[list[object]]:
    """What the stage's source takes, as `workers.asked` reads it."""
    return [[spec.name, spec.shape, spec.dtype] for spec in context.inputs()]


def sample_options(context: StageContext) -> dict[str, object]:
    """The samples to work with: the user's, or what an earlier stage made of them where it moved their axes."""
    options = context.request.options
    moved = None if context.reference is None else context.reference.resolve() / SAMPLES
    if moved is not None and moved.is_file():
        return {"calibration": moved, "random": False, "evaluation": None}
    return {
        "calibration": _absolute(options.calibration),
        "random": options.random_calibration,
        "evaluation": _absolute(options.evaluation),
    }


def stem(context: StageContext) -> str:
    """What the files of a build are called: as the model that it started from."""
    source = context.request.source or context.source
    return source.path.resolve().stem


def _weight_findings(context: StageContext, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Weights that the quantizer passed over in silence, if they are most of the model."""
    share = values.get("float_weights_share", 0.0)
    if share > _MOST:
        yield finding("weights-left-float", context.source.path.name, words=f"{share:.0%} of the weights")


def _model_findings(context: StageContext, values: Mapping[str, Any]) -> Iterator[Finding]:
    """A model whose answer depends on the other samples of its batch, or on chance; one that was quantized before."""
    if values.get("influence"):
        yield finding("samples-influence-each-other", context.source.path.name, words=values["influence"])
    if values.get("unquantized"):
        yield finding("quantization-taken-out", context.source.path.name, words=values["unquantized"])
    if values.get("drawn"):
        yield finding("weights-drawn", context.source.path.name, words=values["drawn"])


def _size_findings(context: StageContext, output: Path) -> Iterator[Finding]:
    """A quantized file that is no smaller than its source: one with sparse weights, or small in itself."""
    source = context.source.path
    if source.is_file() and context.source.kind == ArtifactKind.TFLITE_FLOAT and output.is_file():
        before, after = source.stat().st_size, output.stat().st_size
        if after >= before:
            yield finding("not-smaller", source.name, words=f"{before:,} -> {after:,} bytes")


def sample_findings(context: StageContext, values: Mapping[str, Any]) -> Iterator[Finding]:
    """What is worth saying about the samples that a model was calibrated with."""
    subject = context.source.path.name
    if values.get("matched"):
        yield finding("samples-matched", subject, words=values["matched"])
    if values.get("stripped"):
        yield finding("input-cast-stripped", subject, words=", ".join(values["stripped"]))
    if values.get("random"):
        yield finding("random-samples", subject)
    elif values.get("samples", _FEW) < _FEW:
        yield finding("few-samples", subject, count=values["samples"])


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()
