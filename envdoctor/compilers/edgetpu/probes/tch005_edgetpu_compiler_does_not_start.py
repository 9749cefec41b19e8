"""Whether the Edge TPU compiler starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH005", topic="edgetpu", requires={"TCH001", "TCH002", "TCH003", "EMU001", "EMU002"})
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU compiler does not start.

    It was asked for its version by way of its own loader, as it is and under QEMU, and said none. A bundle with a file
    missing, or an emulator that can't run it, is the cause.
    """
    edgetpu = facts.of(EdgeTpu)
    if edgetpu.compiler is None or not edgetpu.answers or any(one.version for one in edgetpu.answers):
        return
    last = edgetpu.answers[-1]
    yield Finding(
        severity=Severity.ERROR,
        subject=str(edgetpu.compiler.wrapper),
        message=f"edgetpu_compiler --version does not answer: {last.words}.",
        evidence=tuple(Evidence(source=quote_command(one.argv), excerpt=one.words) for one in edgetpu.answers),
        fix=Fix(
            text="Unpack it afresh.",
            commands=(("envdoctor", "toolchain", "install", "edgetpu-compiler"),),
            safe=True,
        ),
    )
