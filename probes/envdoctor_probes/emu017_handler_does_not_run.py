"""Whether x86_64 programs run through the handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU017", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """x86_64 programs don't run through the handler.

    Everything about the handler looks right, and yet a tiny x86_64 program of envdoctor's own did not run through it:
    an emulator that crashes on this kernel, or one that is registered for another processor.
    """
    emulation = needed_emulation(facts)
    entry = emulation.handler
    if entry is None or emulation.loader_handler is None or not entry.startable:
        return
    failed = next((proof for proof in (emulation.direct, emulation.direct_loader) if proof.ran is False), None)
    if failed is not None:
        yield Finding(
            severity=Severity.WARNING,
            subject=entry.name,
            message=f"{entry.name} looks right, but a tiny x86_64 program does not run through it: {failed.words}.",
            evidence=(
                Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description),
                Evidence(source=quote_command(failed.argv), excerpt=failed.words),
            ),
            fix=Fix(text="Install QEMU again.", commands=emulation.advice(facts.host).install),
        )
