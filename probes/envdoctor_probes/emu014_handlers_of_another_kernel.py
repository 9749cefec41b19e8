"""Whether the handlers belong to another system's kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU014", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """The handlers are the host's, not this system's.

    Containers, and the virtual machines of WSL and Docker Desktop, use the kernel that somebody else set up. What is
    installed inside changes nothing: handlers must be registered on the host, or from a privileged container, with F
    so that they work in all of them.
    """
    emulation = needed_emulation(facts)
    around = emulation.surroundings
    foreign = bool(around.container) or around.docker_desktop or around.chroot
    if not foreign or emulation.runs_directly:
        return
    place = around.container or ("Docker Desktop" if around.docker_desktop else "a chroot")
    yield Finding(
        severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
        subject=place,
        message=f"This is {place}: the kernel's handlers are its host's, and none runs x86_64 programs here.",
        evidence=(
            *(Evidence(source="surroundings", excerpt=proof) for proof in around.proof),
            Evidence(source=quote_command(emulation.direct.argv), excerpt=emulation.direct.words),
        ),
        fix=Fix(
            text="On the host, register QEMU with F.",
            commands=emulation.advice(facts.host).register_from_container,
        ),
    )
