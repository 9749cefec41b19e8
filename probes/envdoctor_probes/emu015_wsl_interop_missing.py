"""Whether WSL's own handler is still registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("EMU015", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """WSL's own handler is gone.

    WSL starts Windows programs by a handler named WSLInterop. Restarting systemd-binfmt clears all handlers and brings
    back only those that are configured below binfmt.d: WSL's is lost until `wsl --shutdown`, unless it is configured
    there too.
    """
    emulation = facts.emulation
    names = [entry.name for entry in emulation.binfmt.entries]
    if emulation.surroundings.wsl is None:
        raise DoesNotApply("this is not the Windows Subsystem for Linux")
    if emulation.binfmt.enabled is None:
        return
    if not any(name.startswith("WSLInterop") for name in names):
        line = ":WSLInterop:M::MZ::/init:PF"
        yield Finding(
            severity=Severity.WARNING,
            subject="WSLInterop",
            message="WSL's handler for Windows programs is not registered; they say 'Exec format error'.",
            evidence=(Evidence(source=emulation.binfmt.mount_points[0], excerpt=", ".join(names) or "no entries"),),
            fix=Fix(
                text="Configure it, so that systemd-binfmt keeps it.",
                commands=(
                    ("sudo", "sh", "-c", f"echo {line} > /etc/binfmt.d/WSLInterop.conf"),
                    ("sudo", "systemctl", "restart", "systemd-binfmt"),
                ),
            ),
        )
