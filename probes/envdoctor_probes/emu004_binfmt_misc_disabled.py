"""Whether binfmt_misc is switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU004", topic="emulation", requires={"EMU003"})
def check(facts: Facts) -> Iterator[Finding]:
    """binfmt_misc is switched off.

    The file status below binfmt_misc switches all handlers at once. Switched off, the kernel says "Exec format error"
    (bash: "cannot execute binary file") as if none were registered.
    """
    emulation = needed_emulation(facts)
    binfmt = emulation.binfmt
    if binfmt.enabled is not False:
        return
    status = f"{binfmt.mount_points[0]}/status"
    yield Finding(
        severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
        subject=status,
        message="binfmt_misc is switched off for all formats.",
        evidence=(
            Evidence(source=status, excerpt="disabled"),
            Evidence(source=quote_command(emulation.direct.argv), excerpt=emulation.direct.words),
        ),
        fix=Fix(text="Switch it on.", commands=(("sudo", "sh", "-c", f"echo 1 > {status}"),)),
    )
