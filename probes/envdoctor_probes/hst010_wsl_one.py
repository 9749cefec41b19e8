"""Whether this is the first version of the Windows Subsystem for Linux."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("HST010")
def check(facts: Facts) -> Iterator[Finding]:
    """This is WSL 1, which has no Linux kernel.

    WSL 1 translates system calls: binfmt_misc handlers, Docker, USB devices such as the Edge TPU, and some memory
    mappings are missing, and files are slow. WSL 2 has a real kernel; a distribution can be converted with its files.
    """
    host = facts.host
    if not host.wsl:
        raise DoesNotApply("this is not the Windows Subsystem for Linux")
    if host.wsl == 1:
        yield Finding(
            severity=Severity.WARNING,
            subject=host.name,
            message="This is WSL 1; emulation, containers and USB devices don't work in it.",
            evidence=(Evidence(source=host.source("wsl"), excerpt=host.release),),
            fix=Fix(
                text="Convert the distribution to WSL 2, from a Windows prompt (its names: wsl --list).",
                commands=(("wsl.exe", "--set-version", host.distribution.capitalize() or "Ubuntu", "2"),),
            ),
        )
