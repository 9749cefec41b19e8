"""Whether a 64-bit kernel runs a 32-bit system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_NARROW = frozenset({"armv7l", "armv6l", "i686", "i586", "i386", "x86"})


@probe("HST002", requires={"HST001"})
def check(facts: Facts) -> Iterator[Finding]:
    """The system's programs are for 32 bits.

    On a 64-bit kernel with a 32-bit system (the 32-bit Raspberry Pi OS on a Pi 3, 4 or 5, a 32-bit container),
    `uname -m` names the 64-bit architecture, but Python is a 32-bit program and takes 32-bit wheels only, of which the
    toolchains have none. Install the 64-bit edition of the system, or use a 64-bit container image.
    """
    host = facts.host
    userland = known(host.userland, "the architecture of the system's programs")
    if userland not in _NARROW:
        return
    kernel = "" if host.machine == userland else f" on a kernel for {host.machine}"
    model = f" ({host.model})" if host.model else ""
    yield Finding(
        severity=Severity.ERROR,
        subject=host.name,
        message=f"The system is for 32 bits, {userland}{kernel}{model}; the toolchains have wheels for 64 bits only.",
        evidence=(
            Evidence(source=host.source("userland"), excerpt=f"a program for {userland}"),
            Evidence(source=host.source("machine"), excerpt=host.machine),
        ),
        fix=Fix(text="Install the 64-bit edition of the system, or work in a 64-bit container."),
    )
