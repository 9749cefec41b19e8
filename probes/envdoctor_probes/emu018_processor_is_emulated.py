"""Whether this x86_64 processor is real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU018", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """This x86_64 processor is emulated by QEMU.

    In an x86_64 container on an ARM machine everything says x86_64, uname included, but QEMU translates each
    instruction: floating point work is about 14 times slower, and QEMU before 7.2 has no AVX, which TensorFlow's
    wheels need. /proc/cpuinfo shows the real processor.
    """
    emulation = facts.emulation
    if not emulation.native:
        raise DoesNotApply("this is no x86_64 machine")
    if emulation.direct.emulated:
        yield Finding(
            severity=Severity.WARNING,
            subject=emulation.machine,
            message="This looks like an x86_64 machine, but QEMU emulates its processor.",
            evidence=(Evidence(source="CPUID leaf 0x40000000", excerpt=emulation.direct.processor),),
            fix=Fix(text="Use an image for this machine's own processor, and emulate only the compiler."),
        )
