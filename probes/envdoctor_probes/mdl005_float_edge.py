"""MDL005: an integer model that takes or gives floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts

_FLOATS = {"FLOAT32", "FLOAT16"}


@probe("MDL005", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """An integer model has float inputs or outputs.

    The conversion at the edge, QUANTIZE and DEQUANTIZE, then is part of the model and runs on the CPU. It is
    cheap, but a program that expects to hand over bytes must know.

    Convert with inference_input_type and inference_output_type set to tf.int8 or tf.uint8.
    """
    model = facts.model
    at_edge = [
        f"{side} {', '.join(types)}"
        for side, types in (("inputs", model.inputs), ("outputs", model.outputs))
        if _FLOATS.intersection(types)
    ]
    if at_edge and model.scheme.value in {"int8", "int16x8", "int8-int4", "partial"}:
        yield Finding(
            severity=Severity.INFO,
            subject=model.short_name,
            message=f"it computes in integers but has floats at its edge: {'; '.join(at_edge)}",
            evidence=(Evidence(source=model.name, excerpt="; ".join(at_edge)),),
            fix=Fix(
                text="Convert with inference_input_type and inference_output_type set to tf.int8 or tf.uint8, or strip "
                "the floats with `envdoctor repair FILE`."
            ),
        )
