"""Whether a handler for x86_64 programs is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU005", topic="emulation", requires={"EMU003", "EMU004"})
def check(facts: Facts) -> Iterator[Finding]:
    """No handler for x86_64 programs is registered.

    Without a handler whose pattern fits, the kernel refuses x86_64 programs: "cannot execute binary file: Exec format
    error", exit status 126. An installed qemu-user-static is not enough: in a container or under a policy that starts
    no services its formats stay "disabled" in update-binfmts. A handler with a wrong pattern is as good as none.
    envdoctor itself needs none: it starts QEMU explicitly.
    """
    emulation = needed_emulation(facts)
    binfmt = emulation.binfmt
    if not binfmt.enabled or emulation.handlers or emulation.runs_directly:
        return
    near = [entry for entry in binfmt.entries if "x86" in entry.name]
    configured = emulation.configured
    message = "No handler in binfmt_misc fits x86_64 programs"
    if near:
        message += f"; {near[0].name} is there, but its pattern does not fit them"
    elif configured:
        message += f", though {configured[0].source} configures one: {configured[0].manager.value} did not register it"
    advice = emulation.advice(facts.host)
    yield Finding(
        severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
        subject="binfmt_misc",
        message=f"{message}.",
        evidence=(
            *(Evidence(source=binfmt.path(entry), excerpt=entry.description) for entry in near),
            Evidence(source=quote_command(emulation.direct.argv), excerpt=emulation.direct.words),
        ),
        fix=Fix(
            text="Register QEMU for x86_64 programs.",
            commands=advice.register if configured else (*advice.install, *advice.register),
        ),
    )
