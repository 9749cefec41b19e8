"""Whether this is a system that envdoctor's own tests never ran on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_NEVER = {"macos": "macOS", "windows": "Windows"}


@probe("HST012")
def check(facts: Facts) -> Iterator[Finding]:
    """No test of envdoctor ever ran on this system.

    All that differs on macOS and Windows was written from the documentation and is tested with recorded inputs only:
    a finding about the system itself may be wrong there, and a check may crash. What was never run is listed in the
    documentation. An answer that contradicts what you see is worth a report.
    """
    host = facts.host
    if host.system in _NEVER:
        yield Finding(
            severity=Severity.INFO,
            subject=host.name,
            message=f"envdoctor's tests never ran on {_NEVER[host.system]}, only on its recorded answers.",
            evidence=(Evidence(source=host.source("system"), excerpt=host.system),),
            fix=Fix(text="If a finding contradicts what you see, please report it (`envdoctor report`)."),
        )
