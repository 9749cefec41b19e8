"""MDL010: control flow in a model for a compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL010", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """The model has several subgraphs: loops, branches, code that runs once, or signatures beside the first.

    Compilers for accelerators compile the first subgraph. What WHILE, IF and CALL_ONCE run stays on the CPU, and
    with it what lies behind them; so does all that another signature runs. Recurrent layers are the usual reason.

    Unroll recurrent layers (unroll=True in Keras), take branches out of the model, and convert each signature to a
    file of its own.
    """
    model = facts.model
    if model.signatures and model.reader.accelerator:
        yield Finding(
            severity=Severity.WARNING,
            subject=model.short_name,
            message=f"{model.reader.title} compiles the first subgraph alone, and "
            f"{plural(len(model.signatures), 'signature')} run another",
            evidence=(Evidence(source=model.name, excerpt=", ".join(model.signatures)),),
            fix=Fix(text="Convert each signature to a file of its own, and compile each."),
        )
    called = plural(model.control_flow, "subgraph")
    if model.control_flow and model.reader.accelerator:
        yield Finding(
            severity=Severity.WARNING,
            subject=model.short_name,
            message=f"operators call {called}, of which {model.reader.title} compiles none",
            evidence=(Evidence(source=model.name, excerpt=f"{called} beside the first"),),
            fix=Fix(text="Unroll recurrent layers (unroll=True in Keras), and take branches out of the model."),
        )
