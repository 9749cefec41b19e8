"""MDL001: tensors whose shape is known only when the model runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts

_FIX = Fix(
    text="Export with a fixed batch: a signature with tf.TensorSpec([1, ...]) in ExportArchive.add_endpoint or "
    "model.export(input_signature=...), then convert that SavedModel. `envdoctor repair FILE` fixes its batch."
)


@probe("MDL001", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """Shapes become dynamic inside the model.

    A batch that was left open makes the converter compute shapes while the model runs: SHAPE, STRIDED_SLICE and
    PACK feed a RESHAPE, as Keras' Flatten does. Interpreters cope; edgetpu_compiler refuses the whole model ("a
    delegate that only supports static-sized tensors"). A -1 in an input's signature alone is another thing, and
    harmless: MDL002.

    Export the model with a fixed batch of 1.
    """
    model = facts.model
    if not model.dynamic:
        return
    refused = model.reader.static_shapes
    yield Finding(
        severity=Severity.ERROR if refused else Severity.INFO,
        subject=model.short_name,
        message=f"shapes become dynamic in {plural(len(model.dynamic), 'place')}"
        + (f"; {model.reader.title} refuses such a model" if refused else ""),
        evidence=(Evidence(source=model.name, excerpt="\n".join(model.dynamic)),),
        fix=_FIX,
    )
