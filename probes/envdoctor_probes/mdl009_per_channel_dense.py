"""MDL009: dense layers that old readers compute wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts

_FIX = Fix(
    text="Quantize dense layers with one scale: "
    "converter._experimental_disable_per_channel_quantization_for_dense_layers = True, or "
    "weight_granularity=TENSORWISE for FULLY_CONNECTED in a quantizer's recipe. envdoctor build does it; "
    "`envdoctor repair FILE --to edgetpu` does it to an int8 file whose float model is gone."
)


@probe("MDL009", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """Dense layers have a scale for each output, which the program overlooks: wrong numbers without any error.

    TensorFlow converters quantize dense layers per channel from 2.17 on, and so does litert-quantizer; the
    operator's version stays the same. Interpreters of TensorFlow 2.5 and 2.7, and what was built from them, use
    the first scale for all outputs: every number is off, and nothing says so. With dynamic range even
    tflite-runtime 2.14 does it.

    Quantize dense layers per tensor.
    """
    model = facts.model
    wrong = () if model.reader.per_channel_dense else model.dense
    wrong += () if model.reader.per_channel_hybrid else model.hybrid
    if wrong:
        yield Finding(
            severity=Severity.ERROR,
            subject=model.short_name,
            message=f"{plural(len(wrong), 'dense layer')} with a scale for each output, which {model.reader.title} "
            "ignores: it computes wrong numbers without an error",
            evidence=(Evidence(source=model.name, excerpt="\n".join(wrong)),),
            fix=_FIX,
        )
