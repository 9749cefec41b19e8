"""MDL014: operators that stay on the CPU."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.core.prediction import OperatorPlacement
    from envdoctor.facts import Facts


@probe("MDL014", topic="model", requires=["MDL001", "MDL003", "MDL007"])
def check(facts: Facts) -> Iterable[Finding]:
    """Part of the model will not run on the accelerator.

    edgetpu_compiler maps the operators that it takes until the first that it doesn't, and what depends on that
    one stays on the CPU too ("More than one subgraph is not supported"). The prediction is made from its
    documentation and from models whose compilation is on record; an operator that neither covers is called
    unknown. What an Ethos-U takes is asked of Vela itself, by compiling the model; where it does not answer,
    nothing is known.

    Replace the operators that are themselves the reason; the report says which, and what each would bring.
    """
    model = facts.model
    if model.unplaced:
        raise FactUnavailable("model", model.unplaced)
    if model.placement is None:
        raise DoesNotApply("nothing of a model is mapped to an accelerator for this reader")
    ops = model.placement.ops
    left = [op for op in ops if op.placement.value == "CPU"]
    unknown = [op for op in ops if op.placement.value == "UNKNOWN"]
    if not left and not unknown:
        return
    lines = _by_status((*left, *unknown)) if any(op.status for op in ops) else _by_reason(left)
    text = f"{len(left)} of {len(ops)} operators stay on the CPU"
    yield Finding(
        severity=Severity.WARNING,
        subject=model.short_name,
        message=text + (f", and of {len(unknown)} nothing is known" if unknown else ""),
        evidence=(Evidence(source=model.reader.title, excerpt="\n".join(lines)),),
        fix=Fix(text=model.guidance.advice[0].text) if model.guidance.advice else None,
    )


def _by_status(ops: Sequence[OperatorPlacement]) -> list[str]:
    """Rows as the compiler's own table has them."""
    rows = Counter((op.op, op.status or "unknown") for op in ops)
    return [f"{name:<24} {count:>4}  {status}" for (name, status), count in sorted(rows.items())]


def _by_reason(ops: Sequence[OperatorPlacement]) -> list[str]:
    """A line for each reason, the most frequent first."""
    reasons = Counter(op.reason for op in ops)
    names = {reason: Counter(op.op for op in ops if op.reason == reason) for reason in reasons}
    return [
        f"{reason}: {', '.join(f'{count} {name}' for name, count in names[reason].most_common())}"
        for reason, _ in reasons.most_common()
    ]
