"""MDL002: a -1 in the signature of an input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL002", topic="model", requires=["MDL001"])
def check(facts: Facts) -> Iterable[Finding]:
    """An input's signature holds a -1.

    The input may be resized before the model runs. As long as nobody does, the interpreter puts a 1 there, and
    compilers take the model: edgetpu_compiler 16.0 maps such models whole. Only shapes that are computed in the
    model are a problem (MDL001).

    Nothing needs to be done. To be rid of it, export with a fixed batch.
    """
    model = facts.model
    for name, signature in model.resizable.items():
        yield Finding(
            severity=Severity.INFO,
            subject=name,
            message=f"input {name} may be resized; unless it is, 1 stands for -1",
            evidence=(Evidence(source=model.name, excerpt=f"shape_signature of {name}: {signature}"),),
        )
