"""MDL004: operators that compute in floats within an integer model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL004", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """Part of an integer model computes in floats.

    Converters leave an operator in floats, between a DEQUANTIZE and a QUANTIZE, where they have no integer
    version of it, and say nothing, not even with TFLITE_BUILTINS_INT8. Known ones with today's converters:
    LayerNormalization (NEG, SQUARE), GroupNormalization, ELU, POW, CUMSUM, CONV_3D. Everything behind the first
    of them is lost to an Edge TPU.

    Replace the layer that the first operator comes from. For LayerNormalization, Keras 2 (TF_USE_LEGACY_KERAS=1
    with tf-keras) converts to integers throughout.
    """
    model = facts.model
    if not model.islands:
        return
    yield Finding(
        severity=Severity.WARNING if model.reader.accelerator else Severity.INFO,
        subject=model.short_name,
        message=f"{plural(len(model.islands), 'group')} of operators in floats, the first at {model.islands[0]}",
        evidence=(Evidence(source=model.name, excerpt="\n".join(model.islands)),),
        fix=Fix(text=f"Replace the layer that {model.islands[0].split(', and ')[0]} comes from."),
    )
