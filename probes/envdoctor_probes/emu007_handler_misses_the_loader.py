"""Whether the handler fits the loader of glibc too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU007", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """The handler does not fit the loader of glibc.

    Byte 7 of an ELF file, its OSABI, is 0 in most programs and 3 in the loader of glibc, which the Edge TPU compiler
    is started by. A handler whose mask does not cover that byte runs the one and refuses the other. Debian's mask has
    fc there.
    """
    emulation = needed_emulation(facts)
    program, loader = emulation.handler, emulation.loader_handler
    if (program is None) == (loader is None):
        return
    entry = program or loader
    if entry is None:
        return
    missed = "loaders of glibc (OSABI 3)" if loader is None else "programs (OSABI 0)"
    advice = emulation.advice(facts.host)
    yield Finding(
        severity=Severity.WARNING,
        subject=entry.name,
        message=f"The handler {entry.name} does not fit x86_64 {missed}.",
        evidence=(
            Evidence(source=emulation.binfmt.path(entry), excerpt=f"{entry.description}, mask {entry.mask.hex()}"),
        ),
        fix=Fix(text="Register QEMU as the distribution does.", commands=(*advice.install, *advice.register)),
    )
