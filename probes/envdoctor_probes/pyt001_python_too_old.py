"""Whether this Python is older than the toolchains' wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment, toolchains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT001")
def check(facts: Facts) -> Iterator[Finding]:
    """This Python is too old for the toolchains.

    Wheels are made for the Pythons that are supported when a version is released; for an older one installers take
    versions from years ago, or find none. Make an environment with a Python that all toolchains have wheels for.
    `envdoctor build` does that by itself where it finds or can get such a Python.
    """
    python = facts.python
    lacking = [one for one in toolchains() if python.minor < min(one.pythons)]
    if lacking:
        since = ", ".join(f"{one.title} ({'.'.join(map(str, min(one.pythons)))})" for one in lacking)
        yield Finding(
            severity=Severity.ERROR if len(lacking) == len(toolchains()) else Severity.WARNING,
            subject=f"Python {python.version}",
            message=f"Python {python.version} is older than any for which there are wheels of {since}.",
            evidence=(Evidence(source=python.executable, excerpt=python.described),),
            fix=new_environment("Make an environment with a Python that all toolchains have wheels for."),
        )
