"""Whether ExecuTorch is here, or can be had here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.core.request import Request
from envdoctor.core.route import Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH020", topic="executorch")
def check(facts: Facts) -> Iterator[Finding]:
    """ExecuTorch is not here and can't be had here.

    Only ExecuTorch makes .pte files. It runs in your own environment if that has it with its Vela and tosa-tools, or in
    one that a build makes by itself, which takes a Python and a platform that its wheels exist for.

    Where a build can make that environment, it is merely noted that it is not there yet.
    """
    for reason in needs_environment("executorch")(facts, Request()):
        if reason.verdict is Verdict.READY:
            continue
        yield Finding(
            severity=Severity.INFO if reason.automatic else Severity.ERROR,
            subject="ExecuTorch",
            message=reason.text,
            evidence=(Evidence(source="environment executorch", excerpt=reason.text),),
            fix=reason.fix,
        )
