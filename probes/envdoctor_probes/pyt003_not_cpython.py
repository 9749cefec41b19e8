"""Whether this is another implementation than CPython."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT003")
def check(facts: Facts) -> Iterator[Finding]:
    """This Python is not CPython.

    The toolchains' extension modules are compiled for CPython and their wheels tagged so; PyPy, GraalPy and others
    can't load them. Make an environment with CPython.
    """
    python = facts.python
    if python.implementation != "cpython":
        yield Finding(
            severity=Severity.ERROR,
            subject=python.executable,
            message=f"This Python is {python.described}; the toolchains have wheels for CPython only.",
            evidence=(Evidence(source=python.executable, excerpt=f"sys.implementation.name: {python.implementation}"),),
            fix=new_environment("Make an environment with CPython."),
        )
