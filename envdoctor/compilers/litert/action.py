"""Float .tflite -> int8, by the LiteRT quantizer."""

from __future__ import annotations

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.route import Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import INT8_OPTIONS, quantize_with_litert
from envdoctor.stages.given import needs_samples, needs_sizes
from envdoctor.stages.requirements import (
    all_quantized_by_litert,
    no_ranges_in_loops,
    one_plain_graph,
    repeatable,
    with_trait,
)


def run(context: StageContext) -> StageOutput:
    """Make the file what the quantizer reads, prove that its outputs stay the same, quantize, keep weights inside."""
    return quantize_with_litert(context)


ACTION = Action(
    name="litert-int8",
    title="quantize to int8 with the LiteRT quantizer",
    consumes=frozenset({ArtifactKind.TFLITE_FLOAT}),
    produces=ArtifactKind.TFLITE_INT8,
    run=run,
    environment="litert",
    requires=(
        needs_environment("litert"),
        needs_samples,
        needs_sizes,
        one_plain_graph,
        repeatable,
        all_quantized_by_litert,
        no_ranges_in_loops(),
        with_trait(
            "control-flow",
            Verdict.UNKNOWN,
            "the LiteRT quantizer is known to fail on what runs under a condition or in a loop (IF, WHILE)",
            "ranges-not-recorded",
        ),
        with_trait(
            "learnt-ranges",
            Verdict.UNKNOWN,
            "the LiteRT quantizer leaves what marks the ranges that the model learnt (FakeQuant) in floats",
            "float-operators-left",
        ),
        with_trait(
            "custom-ops",
            Verdict.UNKNOWN,
            "the model has custom operators, which calibration has to run",
            "custom-op-unresolved",
        ),
        *(
            with_trait(
                trait,
                Verdict.READY,
                "its weights are int8 already: what they have lost stays lost, the float model would give a better "
                "result",
            )
            for trait in ("dynamic-range", "weight-only")
        ),
    ),
    options=INT8_OPTIONS,
    cost=3.0,
)
