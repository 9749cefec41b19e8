"""Float .tflite -> what people ask for beside int8, by the LiteRT quantizer: int16x8, dynamic range and float16."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envdoctor.action import Action
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.route import Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import INT8_OPTIONS, quantize_with_litert
from envdoctor.stages.requirements import needs_samples, needs_sizes, no_flex, repeatable, with_trait
from envdoctor.tflite.quantization import Scheme

if TYPE_CHECKING:
    from envdoctor.action import StageContext, StageOutput

#: The kinds of the forms that compute in floats, with what their files are.
SMALL = {"tflite-dynamic": Scheme.DYNAMIC_RANGE, "tflite-float16": Scheme.FLOAT16}


def quantize(form: str, context: StageContext) -> StageOutput:
    """Make the file what the quantizer reads, prove that its outputs stay the same, quantize it to a form."""
    return quantize_with_litert(context, form)


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
        no_flex,
        repeatable,
        with_trait(
            "recurrent",
            Verdict.UNKNOWN,
            "the LiteRT quantizer is known to fail on a recurrent layer",
            "quantizer-has-no-ranges",
        ),
    ),
    goals=frozenset({"litert"}),
    options=INT8_OPTIONS,
    cost=3.0,
)
DYNAMIC, FLOAT16 = (
    Action(
        name=f"litert-{form}",
        title=title,
        consumes=frozenset({ArtifactKind.TFLITE_FLOAT}),
        produces=f"tflite-{form}",
        run=functools.partial(quantize, form),
        environment="litert",
        requires=(needs_environment("litert"), needs_sizes, no_flex, repeatable),
        goals=frozenset({"litert"}),
        options=INT8_OPTIONS,
        cost=3.0,
    )
    for form, title in (
        ("dynamic", "store the weights as int8 with the LiteRT quantizer"),
        ("float16", "store the weights as float16 with the LiteRT quantizer"),
    )
)
