"""Float .tflite -> what people ask for beside int8, by the LiteRT quantizer: other types, and their own recipes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envdoctor.action import Action, StageFailed
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import INT8_OPTIONS, convert, quantize_with_litert
from envdoctor.stages.given import needs_samples, needs_sizes
from envdoctor.stages.problems import finding
from envdoctor.stages.recipes import needs_calibration, read_recipe
from envdoctor.stages.requirements import all_quantized_by_litert, no_ranges_in_loops, one_plain_graph, repeatable
from envdoctor.tflite.quantization import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.action import StageContext, StageOutput
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

#: The kinds of the forms that compute in floats, with what their files are.
SMALL = {
    "tflite-dynamic": Scheme.DYNAMIC_RANGE,
    "tflite-weight-only": Scheme.WEIGHT_ONLY,
    "tflite-float16": Scheme.FLOAT16,
}


def quantize(form: str, context: StageContext) -> StageOutput:
    """Make the file what the quantizer reads, prove that its outputs stay the same, quantize it to a form."""
    return quantize_with_litert(context, form)


def quantize_by_recipe(context: StageContext) -> StageOutput:
    """The same by the recipe that the request names."""
    path = context.request.options.recipe
    if path is None:
        raise StageFailed(finding("recipe-refused", context.source.path.name, words="none was given"))
    entries = read_recipe(path)
    return convert(
        context,
        "litert_quantize",
        "mixed",
        {"form": "mixed", "recipe": entries, "calibrated": needs_calibration(entries)},
    )


def _needs_recipe(facts: Facts, request: Request) -> Iterator[Reason]:
    """The recipe, and the samples that it needs."""
    path = request.options.recipe
    if path is None:
        yield Reason(
            verdict=Verdict.FIXABLE,
            text="needs a recipe",
            fix=Fix(text="Give one of the LiteRT quantizer (ai-edge-quantizer's JSON) with --recipe FILE."),
        )
    elif needs_calibration(read_recipe(path)):
        yield from needs_samples(facts, request)


MIXED = Action(
    name="litert-mixed",
    title="quantize by a recipe with the LiteRT quantizer",
    consumes=frozenset({ArtifactKind.TFLITE_FLOAT}),
    produces="tflite-mixed",
    run=quantize_by_recipe,
    environment="litert",
    requires=(needs_environment("litert"), _needs_recipe, needs_sizes, one_plain_graph, repeatable),
    goals=frozenset({"litert"}),
    options=INT8_OPTIONS | {"recipe"},
    cost=3.0,
)
INT16X8 = Action(
    name="litert-int16x8",
    title="quantize to int16 activations and int8 weights with the LiteRT quantizer",
    consumes=frozenset({ArtifactKind.TFLITE_FLOAT}),
    produces=ArtifactKind.TFLITE_INT16X8,
    run=functools.partial(quantize, "int16x8"),
    environment="litert",
    requires=(
        needs_environment("litert"),
        needs_samples,
        needs_sizes,
        one_plain_graph,
        repeatable,
        all_quantized_by_litert,
        # Of a Keras file, the stage before tells.
        *(no_ranges_in_loops(kind) for kind in (ArtifactKind.SAVED_MODEL, ArtifactKind.TFLITE_FLOAT)),
    ),
    goals=frozenset({"litert"}),
    options=INT8_OPTIONS,
    cost=3.0,
)
DYNAMIC, WEIGHT_ONLY, FLOAT16 = (
    Action(
        name=f"litert-{form}",
        title=title,
        consumes=frozenset({ArtifactKind.TFLITE_FLOAT}),
        produces=f"tflite-{form}",
        run=functools.partial(quantize, form),
        environment="litert",
        requires=(needs_environment("litert"), needs_sizes, one_plain_graph, repeatable),
        goals=frozenset({"litert"}),
        options=INT8_OPTIONS,
        cost=3.0,
    )
    for form, title in (
        ("dynamic", "store the weights as int8 with the LiteRT quantizer"),
        ("weight-only", "store the weights as int8, widened before they are used, with the LiteRT quantizer"),
        ("float16", "store the weights as float16 with the LiteRT quantizer"),
    )
)
