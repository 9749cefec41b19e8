"""Whether there is an emulator for x86_64 programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU001", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """No emulator for x86_64 programs.

    The Edge TPU compiler exists for x86_64 Linux only. On other processors QEMU's user mode runs it, because it brings
    its own loader and libraries along. Box64 and FEX replace the C library that the compiler brings, which is what it
    can't do without. QEMU can be unpacked into a folder of yours without root, or installed with the distribution's
    package manager.
    """
    emulation = needed_emulation(facts)
    if emulation.qemu is not None or emulation.runs_directly:
        return
    advice = emulation.advice(facts.host)
    others = ", ".join(str(one.path) for one in emulation.emulators)
    yield Finding(
        severity=Severity.ERROR,
        subject="qemu-x86_64",
        message=f"This machine is {emulation.machine}, and nothing here runs programs for x86_64."
        + (f" {others} is here, but the Edge TPU compiler is not known to work under it." if others else ""),
        evidence=(
            Evidence(source="PATH", excerpt="neither qemu-x86_64-static nor qemu-x86_64"),
            Evidence(source=quote_command(emulation.direct.argv), excerpt=emulation.direct.words),
        ),
        fix=Fix(
            text="Get QEMU's emulator for x86_64 programs.",
            commands=advice.unpack or advice.install,
            safe=bool(advice.unpack),
        ),
    )
