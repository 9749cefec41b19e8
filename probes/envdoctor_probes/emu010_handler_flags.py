"""What the handler's flags mean for containers, chroots and sudo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU010", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """What the handler's flags allow.

    F opens the interpreter when the handler is registered, so that containers and chroots need no copy of QEMU;
    without it they say "no such file or directory". C takes credentials from the program, without which sudo and other
    set-uid programs for x86_64 don't get theirs. P keeps the program's own name. Debian registers PF, systemd-binfmt
    POF.
    """
    emulation = needed_emulation(facts)
    entry = emulation.handler
    if entry is None or not emulation.runs_directly:
        return
    lacks = []
    if not entry.fixed:
        lacks.append("F: containers and chroots can't use it unless QEMU is inside them")
    if "C" not in entry.flags:
        lacks.append("C: sudo and other set-uid programs for x86_64 don't get their credentials")
    if not lacks:
        return
    yield Finding(
        severity=Severity.INFO,
        subject=entry.name,
        message=f"The handler {entry.name} has the flags {entry.flags or 'none'}; it lacks {'; '.join(lacks)}.",
        evidence=(Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description),),
        fix=Fix(
            text="For containers, register it with F.",
            commands=() if entry.fixed else emulation.advice(facts.host).register_from_container,
        ),
    )
