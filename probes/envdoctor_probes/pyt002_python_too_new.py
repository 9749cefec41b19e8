"""Whether this Python is newer than the toolchains' wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment, toolchains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT002")
def check(facts: Facts) -> Iterator[Finding]:
    """This Python is too new for the toolchains.

    A new Python needs new wheels, which large projects publish months later; until then installers say that there is
    no matching version, or try to build one. Make an environment with a Python that all toolchains have wheels for.
    `envdoctor build` does that by itself where it finds or can get such a Python.
    """
    python = facts.python
    lacking = [one for one in toolchains() if python.minor > max(one.pythons)]
    if lacking:
        until = ", ".join(f"{one.title} ({'.'.join(map(str, max(one.pythons)))})" for one in lacking)
        yield Finding(
            severity=Severity.ERROR if len(lacking) == len(toolchains()) else Severity.WARNING,
            subject=f"Python {python.version}",
            message=f"Python {python.version} is newer than any for which there are wheels of {until}.",
            evidence=(Evidence(source=python.executable, excerpt=python.described),),
            fix=new_environment("Make an environment with a Python that all toolchains have wheels for."),
        )
