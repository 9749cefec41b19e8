"""Whether another handler comes before the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU011", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """Several handlers fit x86_64 programs.

    The kernel uses the last registered handler that fits. A second one, left over from another emulator or from
    Docker, hides the first; if it is broken, so is everything that goes through it.
    """
    emulation = needed_emulation(facts)
    enabled = [entry for entry in emulation.handlers if entry.enabled]
    if len({entry.interpreter for entry in enabled}) < 2:  # noqa: PLR2004  (one hides another)
        return
    first, *rest = enabled
    yield Finding(
        severity=Severity.INFO if emulation.runs_directly else Severity.WARNING,
        subject=first.name,
        message=f"The kernel uses {first.name} ({first.interpreter}), "
        f"not {rest[0].name} ({rest[0].interpreter}); both fit.",
        evidence=tuple(Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description) for entry in enabled),
        fix=Fix(
            text=f"Remove the one that you don't want, {first.name} for example.",
            commands=(("sudo", "sh", "-c", f"echo -1 > {emulation.binfmt.path(first)}"),),
        ),
    )
