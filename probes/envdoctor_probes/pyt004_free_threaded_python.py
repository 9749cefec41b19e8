"""Whether this is a free-threaded build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT004")
def check(facts: Facts) -> Iterator[Finding]:
    """This Python is built without the global interpreter lock.

    A free-threaded build (`python3.13t`) has an ABI of its own, cp313t. It loads neither the usual modules nor those of
    the stable ABI, and the toolchains have no wheels for it. Use the usual build of the same version.
    """
    python = facts.python
    if python.free_threaded:
        yield Finding(
            severity=Severity.ERROR,
            subject=python.executable,
            message=f"This Python {python.version} is a free-threaded build, for which the toolchains have no wheels.",
            evidence=(
                Evidence(source=python.executable, excerpt=f"extension modules end in {python.extension_suffixes[0]}"),
            ),
            fix=new_environment("Make an environment with a usual build of Python."),
        )
