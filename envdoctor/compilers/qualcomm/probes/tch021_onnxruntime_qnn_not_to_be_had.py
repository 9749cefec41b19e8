"""Whether onnxruntime-qnn is here, or can be had here."""

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


@probe("TCH021", topic="qualcomm")
def check(facts: Facts) -> Iterator[Finding]:
    """onnxruntime-qnn is not here and can't be had here.

    Only onnxruntime-qnn compiles ONNX models for a Hexagon here. Its wheels take glibc 2.35 and Python 3.11 or newer on
    x86_64, and its licence has to be accepted once.

    Where a build can make that environment, it is merely noted that it is not there yet.
    """
    for reason in needs_environment("qualcomm")(facts, Request()):
        if reason.verdict is Verdict.READY:
            continue
        yield Finding(
            severity=Severity.INFO if reason.automatic else Severity.ERROR,
            subject="onnxruntime-qnn",
            message=reason.text,
            evidence=(Evidence(source="environment qualcomm", excerpt=reason.text),),
            fix=reason.fix,
        )
