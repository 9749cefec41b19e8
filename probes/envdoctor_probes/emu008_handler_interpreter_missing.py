"""Whether the handler's interpreter is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU008", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """The handler's interpreter is missing.

    The kernel starts the interpreter that a handler names at each run, unless the handler was registered with F, which
    opens it once and for all. Where the file is not there the shell says "cannot execute: required file not found",
    exit status 127, as if the program itself were the problem.
    """
    emulation = needed_emulation(facts)
    entry = emulation.handler or emulation.loader_handler
    if entry is None or entry.fixed:
        return
    if entry.interpreter_missing:
        advice = emulation.advice(facts.host)
        yield Finding(
            severity=Severity.WARNING,
            subject=entry.interpreter,
            message=f"The handler {entry.name} names {entry.interpreter}, which is not there; the shell says "
            '"cannot execute: required file not found".',
            evidence=(
                Evidence(source=emulation.binfmt.path(entry), excerpt=entry.description),
                Evidence(source=quote_command(emulation.direct.argv), excerpt=emulation.direct.words),
            ),
            fix=Fix(text="Install QEMU again.", commands=advice.install),
        )
