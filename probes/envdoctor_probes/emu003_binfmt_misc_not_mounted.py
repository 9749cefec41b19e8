"""Whether the kernel's table of program formats is mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import USUAL_PLACE, needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU003", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """binfmt_misc is not mounted.

    binfmt_misc is how the kernel learns that QEMU runs x86_64 programs. Not mounted, it has forgotten all handlers,
    and the compiler's wrapper says "cannot execute binary file: Exec format error". envdoctor itself does not need it:
    it starts QEMU explicitly. If mounting says "unknown filesystem type", the kernel's modules are not those of the
    running kernel: reboot, or reinstall them.
    """
    emulation = needed_emulation(facts)
    binfmt = emulation.binfmt
    if not emulation.in_own_kernel or binfmt.mount_points or emulation.runs_directly:
        return
    advice = emulation.advice(facts.host)
    module = () if binfmt.known else (("sudo", "modprobe", "binfmt_misc"),)
    mount = ("sudo", "mount", "-t", "binfmt_misc", "binfmt_misc", USUAL_PLACE)
    yield Finding(
        severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
        subject=USUAL_PLACE,
        message="binfmt_misc is not mounted, so the kernel starts no program for another processor"
        + ("." if binfmt.known else "; the kernel has no binfmt_misc loaded either."),
        evidence=(
            Evidence(source="/proc/self/mountinfo", excerpt="no mount of type binfmt_misc"),
            Evidence(source=quote_command(emulation.direct.argv), excerpt=emulation.direct.words),
        ),
        fix=Fix(text="Mount it, and register QEMU again.", commands=(*module, mount, *advice.register)),
    )
