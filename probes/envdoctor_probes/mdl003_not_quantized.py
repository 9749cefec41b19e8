"""MDL003: a model in floats for a chip that computes integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts

_FIX = Fix(
    text="Quantize it to int8 with representative samples: envdoctor build does it, or converter.optimizations = "
    "[tf.lite.Optimize.DEFAULT] with a representative_dataset and OpsSet.TFLITE_BUILTINS_INT8."
)


@probe("MDL003", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """The model is not quantized for the chip it is to run on.

    The Edge TPU computes 8-bit integers, Ethos-U 8- and 16-bit ones. A model in floats, with float16 weights or
    with integer weights and float activations (dynamic range) is taken by their compilers without an error, and
    then runs on the CPU.

    Quantize it with representative samples, so that activations become integers too.
    """
    model = facts.model
    if not model.reader.accelerator or model.scheme.value in model.reader.schemes:
        return
    yield Finding(
        severity=Severity.ERROR,
        subject=model.short_name,
        message=f"it is quantized as '{model.scheme.value}', of which {model.reader.title} maps nothing",
        evidence=(Evidence(source=model.name, excerpt=f"inputs {model.inputs}, outputs {model.outputs}"),),
        fix=_FIX,
    )
