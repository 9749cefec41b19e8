"""Whether QEMU is what runs x86_64 programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU016", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """Another emulator than QEMU runs x86_64 programs.

    The Edge TPU compiler is known to work under QEMU's user mode. Box64 and FEX put this machine's own libraries in
    place of the C library that the compiler brings along; it was not seen to work there. envdoctor starts QEMU
    explicitly, past the handler.
    """
    emulation = needed_emulation(facts)
    entry = emulation.handler
    if entry is None:
        return
    name = entry.interpreter.rpartition("/")[2].lower()
    if any(word in name for word in ("box64", "fex")):
        yield Finding(
            severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
            subject=entry.interpreter,
            message=f"x86_64 programs are given to {entry.interpreter}, not to QEMU.",
            evidence=(Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description),),
            fix=Fix(
                text="Get QEMU.", commands=emulation.advice(facts.host).unpack or emulation.advice(facts.host).install
            ),
        )
