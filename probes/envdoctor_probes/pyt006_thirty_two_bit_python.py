"""Whether this is a 32-bit Python on a 64-bit system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT006", requires={"HST001", "HST002"})
def check(facts: Facts) -> Iterator[Finding]:
    """This Python is a 32-bit program on a 64-bit system.

    Installers take 32-bit wheels for it, and the toolchains have none: TensorFlow and LiteRT are "not found". The
    default download for Windows was the 32-bit one up to Python 3.8. Install the 64-bit Python.
    """
    python = facts.python
    if python.bits == 32:  # noqa: PLR2004  (the number of bits)
        yield Finding(
            severity=Severity.ERROR,
            subject=python.executable,
            message=f"This Python is a 32-bit program ({python.machine}); the toolchains have wheels for 64 bits only.",
            evidence=(
                Evidence(source=python.executable, excerpt=f"pointers of {python.bits} bits"),
                Evidence(source=facts.host.source("machine"), excerpt=facts.host.machine),
            ),
            fix=new_environment("Install a 64-bit Python and make an environment with it."),
        )
