"""MDL011: variables without a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL011", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """The model's weights are gone: it reads variables that nothing assigns.

    TFLiteConverter.from_concrete_functions writes such a file, without an error, when it is handed a function but
    not the object that owns its variables (a Keras 3 model is not recognised as one). The file is small and
    answers nonsense.

    Convert from a SavedModel, or hand over a tf.Module that holds the variables.
    """
    model = facts.model
    if model.lost:
        yield Finding(
            severity=Severity.ERROR,
            subject=model.short_name,
            message=f"it reads {plural(len(model.lost), 'variable')} that nothing assigns: the weights are gone",
            evidence=(Evidence(source=model.name, excerpt="\n".join(model.lost)),),
            fix=Fix(
                text="Convert from a SavedModel (model.export, then TFLiteConverter.from_saved_model), or pass a "
                "tf.Module with the variables to from_concrete_functions."
            ),
        )
