"""MDL012: constants behind the flatbuffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL012", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """Weights lie behind the flatbuffer, where the program does not look.

    litert-quantizer and ai-edge-quantizer put weights outside the flatbuffer once they reach 256 KiB. Readers of
    before 2023 don't find them ("Input tensor 60 lacks data"), and tools that repack a model may drop them.

    Rewrite the file with its data inline.
    """
    model = facts.model
    if model.data_outside and not model.reader.data_outside:
        yield Finding(
            severity=Severity.ERROR,
            subject=model.short_name,
            message=f"its weights lie behind the flatbuffer, where {model.reader.title} does not look",
            evidence=(Evidence(source=model.name, excerpt="Buffer.offset is set"),),
            fix=Fix(
                text="Rewrite the file with its data inside the flatbuffer; envdoctor build does it for this goal."
            ),
        )
