"""MDL015: a compiler's output, given to a compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL015", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """The model was compiled already.

    A compiled model holds one or more custom operators with machine code in place of its own. Compilers take it
    without complaint and map nothing more.

    Compile the model from before.
    """
    model = facts.model
    if model.compiled is None or not model.reader.accelerator:
        return
    made = model.compiled
    rest = ", ".join(f"{count} {name}" for name, count in model.compiled.remaining.items()) or "nothing else"
    yield Finding(
        severity=Severity.ERROR,
        subject=model.short_name,
        message=f"it is compiled already, {made.words}: {made.packages} x {made.custom_code}",
        evidence=(Evidence(source=model.name, excerpt=f"beside {model.compiled.custom_code}: {rest}"),),
        fix=Fix(text="Compile the model that it was made from."),
    )
