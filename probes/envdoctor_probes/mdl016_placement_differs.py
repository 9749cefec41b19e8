"""MDL016: a compiler that did otherwise than predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL016", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """The compiler's log and the prediction differ.

    Either the log is of another model or of other options (-a, -i, -m, another release), or a rule is wrong, in
    which case a report helps everybody: it needs the operators, shapes and types, never the weights.

    Give the release and the options that the log was made with; if they differ still, please report it.
    """
    model = facts.model
    if model.disagreements is None:
        raise DoesNotApply("no log of the compiler was given (--compare)")
    if not model.disagreements:
        return
    lines = [
        f"{one.op}, {one.status or 'unknown'}: {one.predicted} predicted, {one.logged} in the log"
        for one in model.disagreements
    ]
    yield Finding(
        severity=Severity.WARNING,
        subject=model.short_name,
        message=f"the log and the prediction differ in {plural(len(lines), 'row')}",
        evidence=(Evidence(source="prediction against log", excerpt="\n".join(lines)),),
        fix=Fix(
            text="Predict with the release and options that the log was made with (--to edgetpu-15, -a, -m, -i). If "
            "they differ still, please report it with the output of envdoctor model --json, which holds no weights."
        ),
    )
