"""Whether QEMU runs an x86_64 program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU002", topic="emulation", requires={"EMU001"})
def check(facts: Facts) -> Iterator[Finding]:
    """QEMU is here and does not run x86_64 programs.

    A tiny program of envdoctor's own was started under QEMU and did not print. A QEMU that is linked to libraries of
    another system, one for another processor, or one that is too old for this kernel behaves so. Another build of QEMU
    is the cure.
    """
    emulation = needed_emulation(facts)
    qemu = emulation.qemu
    if qemu is None or emulation.runs_explicitly:
        return
    advice = emulation.advice(facts.host)
    yield Finding(
        severity=Severity.WARNING if emulation.runs_directly else Severity.ERROR,
        subject=str(qemu.path),
        message=f"{qemu.path} does not run a tiny x86_64 program: {qemu.problem or emulation.explicit.words}.",
        evidence=(
            Evidence(source=f"{qemu.path} --version", excerpt=qemu.problem or qemu.text),
            Evidence(source=quote_command(emulation.explicit.argv), excerpt=emulation.explicit.words),
        ),
        fix=Fix(
            text="Install another build of QEMU.", commands=advice.unpack or advice.install, safe=bool(advice.unpack)
        ),
    )
