"""Whether a handler lives only on an open file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU013", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """The handler's interpreter is gone and only held open.

    With F the kernel keeps the interpreter open, so a handler works on after its file is deleted. That is how
    tonistiigi/binfmt works; of a distribution's QEMU it means that the package was removed. Either way nothing is left
    to register at the next boot.
    """
    emulation = needed_emulation(facts)
    entry = emulation.handler
    if entry is None or not entry.fixed or not emulation.in_own_kernel:
        return
    if entry.interpreter_missing:
        yield Finding(
            severity=Severity.INFO,
            subject=entry.interpreter,
            message=f"{entry.interpreter} does not exist; {entry.name} works because the kernel holds it open.",
            evidence=(Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description),),
            fix=Fix(text="Install QEMU so that it outlasts a reboot.", commands=emulation.advice(facts.host).install),
        )
