"""Whether the handler for x86_64 programs is switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU006", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """The handler for x86_64 programs is switched off.

    A handler that is registered but disabled does nothing: the kernel says "Exec format error" as if it were not
    there.
    """
    emulation = needed_emulation(facts)
    handlers = emulation.handlers
    if not handlers or any(entry.enabled for entry in handlers):
        return
    path = emulation.binfmt.path(handlers[0])
    yield Finding(
        severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
        subject=handlers[0].name,
        message=f"The handler {handlers[0].name} fits x86_64 programs, but is disabled.",
        evidence=(Evidence(source=path, excerpt=handlers[0].description),),
        fix=Fix(text="Switch it on.", commands=(("sudo", "sh", "-c", f"echo 1 > {path}"),)),
    )
