"""MDL006: operators in versions that the reader does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL006", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """An operator is of a version that the program can't read.

    Every operator in a .tflite file carries a version, and an interpreter or compiler refuses a whole model for
    one that it does not know: "Didn't find op for builtin opcode 'CONV_2D' version '6'". edgetpu_compiler 16.0
    reads what TensorFlow of 2021 wrote; the converters of today write newer versions for some layers.

    Change the layer so that an older version is enough, or convert with an older TensorFlow.
    """
    model, advice = facts.model, load_table("operator-versions")["advice"]
    if not model.reader.interprets:
        raise DoesNotApply(f"{model.reader.title} hands on what it does not know")
    for one in model.refusals:
        if one.any_version:
            continue
        sure = "does not read" if one.known else "may not read"
        hint = advice.get(one.op, advice["default"])
        yield Finding(
            severity=Severity.ERROR if one.known else Severity.WARNING,
            subject=one.op,
            message=f"{model.reader.title} {sure} {one.op} in version {one.version}",
            evidence=(Evidence(source=model.name, excerpt=f"operator code {one.op}, version {one.version}"),),
            fix=Fix(text=f"To be read by it, {hint}."),
        )
