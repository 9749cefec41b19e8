"""MDL008: custom operators that the reader does not bring along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts

_FLEX = "Convert without SELECT_TF_OPS, or run it with TensorFlow's own interpreter."


@probe("MDL008", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """A custom operator is not built into the program.

    A model may hold operators that are known by a name alone. Who opens it must bring their code: "Encountered
    unresolved custom op" comes when tensors are allocated, not when the file is opened, and only if an operator is of
    that kind: an entry in the operator table alone is no problem. Operators called Flex*
    need TensorFlow's Flex delegate.

    Register the operator's code with the interpreter (a delegate or a registerer), or convert without it.
    """
    model = facts.model
    if not model.reader.interprets:
        raise DoesNotApply(f"{model.reader.title} hands on what it does not know")
    for code in model.unresolved:
        compiled = model.compiled is not None and code == model.compiled.custom_code
        if compiled and model.reader.accelerator:
            continue  # a compiler is not to take it at all: MDL015
        made = f": the model is compiled {model.compiled.words}" if model.compiled and compiled else ""
        text = _FLEX if code.startswith("Flex") else "Register its code, or convert without it."
        if model.reader.accelerator:
            text = "Convert without it: what the compiler does not read, it refuses with the whole model."
        yield Finding(
            severity=Severity.WARNING if compiled else Severity.ERROR,
            subject=code,
            message=f"{model.reader.title} has no code for the custom operator {code}{made}",
            evidence=(Evidence(source=model.name, excerpt=f"operator code CUSTOM {code}"),),
            fix=Fix(text=model.compiled.run_with if model.compiled and compiled else text),
        )
