"""MDL018: operators that are known, in a form that the program's kernels refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.prediction import Estimate
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts

_FIX = "Convert the model again with a current converter, or replace the operator in the model."


@probe("MDL018", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """An operator's kernel refuses its element type or its scale.

    Interpreters look an operator up by its name and version, and its kernel looks at the rest when tensors are
    allocated or when the model runs: SQUARED_DIFFERENCE has no kernel for int16, LOGISTIC on int8 must give a scale of
    1/256. What the kernels take was measured without delegates; XNNPACK takes some of what they refuse.

    Convert the model to int8 again with a current converter, or replace the operator.
    """
    model = facts.model
    told = model.estimate or Estimate()
    if model.estimate is None and not model.reader.interprets:
        raise DoesNotApply(f"{model.reader.title} hands on what it does not know")
    if refused := (*model.unfit, *told.refused):
        yield Finding(
            severity=Severity.ERROR,
            subject=model.short_name,
            message=f"{model.reader.title} refuses {refused[0]}",
            evidence=(Evidence(source=model.name, excerpt="\n".join(refused)),),
            fix=Fix(text=(not model.unfit and told.fix) or _FIX),
        )
    elif untold := (*model.untold, *told.unknown):
        raise FactUnavailable(
            "model", f"whether {model.reader.title} takes {untold[0]} is not on record; run the model there"
        )
