"""MDL007: operators that the reader does not know at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL007", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """An operator is unknown to the program, in whatever version.

    Newer operators have numbers beyond what an older program knows ("Op builtin_code out of range: 206"), and
    some, such as STABLEHLO_CUSTOM_CALL, no interpreter runs: a converter left them for lack of a translation. An
    entry in the operator table is enough, even if no operator uses it.

    A STABLEHLO_COMPOSITE can be replaced by the operators it stands for; a STABLEHLO_CUSTOM_CALL needs a lowering
    at conversion.
    """
    model = facts.model
    if not model.reader.interprets:
        raise DoesNotApply(f"{model.reader.title} hands on what it does not know")
    unknown = sorted({one.op for one in model.refusals if one.any_version})
    for op in unknown:
        composite = op == "STABLEHLO_COMPOSITE"
        yield Finding(
            severity=Severity.ERROR,
            subject=op,
            message=f"{model.reader.title} does not know {op}",
            evidence=(Evidence(source=model.name, excerpt=f"operator code {op}"),),
            fix=Fix(
                text="Convert so that the composite is decomposed, or run the model with LiteRT."
                if composite
                else f"Take {op} out of the model, or give the converter a decomposition for it."
            ),
        )
