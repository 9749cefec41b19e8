"""Whether the container engine that is installed answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH007", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """A container engine is installed and does not answer.

    With docker or podman the compiler can run in a container for amd64. The program being there is not enough: docker
    needs its daemon, and the right to talk to it.
    """
    containers = facts.containers
    silent = [engine for engine in containers.engines if engine.words]
    if not containers.engines:
        raise DoesNotApply("no container engine is installed, and none is needed where another way is open")
    if containers.usable is not None or not silent:
        return
    engine = silent[0]
    denied = "permission denied" in engine.words.lower()
    yield Finding(
        severity=Severity.INFO,
        subject=engine.name,
        message=f"{engine.name} is installed, but does not answer: {engine.words}",
        evidence=(Evidence(source=quote_command(engine.argv), excerpt=engine.words),),
        fix=Fix(
            text="Join the group docker and log in again."
            if denied
            else f"Start {engine.name}, if you want to compile by it.",
            commands=(("sudo", "usermod", "-aG", "docker", "YOUR-NAME"),) if denied else (),
        ),
    )
