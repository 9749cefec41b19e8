"""MDL017: operators that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL017", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """The model has lost operators: nothing computes its output.

    A file that was cut and mended, or written by a tool that stopped half-way, can have a sound structure and no
    operators, or lack those that make a tensor which others take. Programs load it, and it answers nothing or noise.

    Get a whole copy of the file, or convert the model again.
    """
    model = facts.model
    fix = Fix(text="Get a whole copy of the file, or convert the model again.")
    if not model.operators:
        yield Finding(
            severity=Severity.ERROR,
            subject=model.short_name,
            message="it has no operators: it computes nothing",
            evidence=(Evidence(source=model.name, excerpt="0 operators"),),
            fix=fix,
        )
    elif model.unfed:
        yield Finding(
            severity=Severity.ERROR,
            subject=model.short_name,
            message=f"nothing makes {plural(len(model.unfed), 'tensor')} that it needs: operators are gone",
            evidence=(Evidence(source=model.name, excerpt="\n".join(model.unfed[:10])),),
            fix=fix,
        )
