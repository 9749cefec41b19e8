"""MDL014: operators that stay on the CPU."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.core.prediction import OperatorPlacement
    from envdoctor.facts import Facts


#: Names of operators in one line.
_NAMES = 5


@probe("MDL014", topic="model", requires=["MDL001", "MDL003", "MDL007", "MDL015"])
def check(facts: Facts) -> Iterable[Finding]:
    """Part of the model will not run on the accelerator.

    edgetpu_compiler maps the operators that it takes until the first that it doesn't, and what depends on that
    one stays on the CPU too ("More than one subgraph is not supported"). The prediction is made from its
    documentation and from models whose compilation is on record; an operator that neither covers is not known,
    and never counted as mapped: compile the model, and the log tells. What an Ethos-U takes is asked of Vela itself,
    by compiling the model; where it does not answer, nothing is known.

    Replace the operators that are themselves the reason; the report says which, and what each would bring.
    """
    model = facts.model
    if model.unplaced:
        raise FactUnavailable("model", model.unplaced)
    if model.placement is None:
        raise DoesNotApply("nothing of a model is mapped to an accelerator for this reader")
    ops, advice = model.placement.ops, model.guidance.advice
    left = [op for op in ops if op.placement.value == "CPU"]
    unknown = [op for op in ops if op.placement.value == "UNKNOWN"]
    if not left and not unknown:
        return
    total = plural(len(ops), "operator")
    told = [f"{len(left)} of {total} stay on the CPU"] if left else []
    if unknown:
        told.append(f"{len(unknown)} of {total} may stay on the CPU: no source tells, the log of a compilation will")
    yield Finding(
        severity=Severity.WARNING,
        subject=model.short_name,
        message=", and ".join(told),
        evidence=(Evidence(source=model.reader.title, excerpt="\n".join(_by_reason((*left, *unknown)))),),
        fix=Fix(text=advice[0].text, link=advice[0].link) if advice else None,
    )


def _by_reason(ops: Sequence[OperatorPlacement]) -> list[str]:
    """A line for each of the compiler's own words, or else for each reason; the most frequent first."""
    names: dict[str, Counter[str]] = {}
    for op in ops:
        unknown = "not known" if op.placement.value == "UNKNOWN" else ""
        names.setdefault(unknown or op.status or op.reason, Counter())[op.op] += 1
    lines = sorted(names.items(), key=lambda line: -line[1].total())
    return [f"{reason}: {_listed(found)}" for reason, found in lines]


def _listed(names: Counter[str]) -> str:
    most = ", ".join(f"{count} {name}" for name, count in names.most_common(_NAMES))
    return most + (f" and {plural(len(names) - _NAMES, 'other kind')}" if len(names) > _NAMES else "")
