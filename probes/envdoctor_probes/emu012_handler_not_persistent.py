"""Whether the handler survives a reboot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU012", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """The handler is lost at the next reboot.

    The kernel forgets its handlers when it restarts. systemd-binfmt registers what is configured below binfmt.d,
    update-binfmts what is in its database. A handler that was registered by hand, or from a container with
    tonistiigi/binfmt, is in neither.
    """
    emulation = needed_emulation(facts)
    entry = emulation.handler
    if entry is None or emulation.configured or not emulation.in_own_kernel:
        return
    if not emulation.runs_directly:
        return
    yield Finding(
        severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
        subject=entry.name,
        message=f"Nothing registers {entry.name} again after a reboot.",
        evidence=(
            Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description),
            Evidence(
                source="/etc/binfmt.d, /usr/lib/binfmt.d, /var/lib/binfmts", excerpt="no format for x86_64 programs"
            ),
        ),
        fix=Fix(
            text="Install the distribution's QEMU with its registration.", commands=emulation.advice(facts.host).install
        ),
    )
