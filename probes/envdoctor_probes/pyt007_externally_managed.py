"""Whether something else than pip looks after this Python's packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT007")
def check(facts: Facts) -> Iterator[Finding]:
    """The operating system looks after this Python's packages.

    Debian, Ubuntu, Fedora, Homebrew and others mark their Python as externally managed (PEP 668): pip refuses to
    install into it, since that could break programs of the system. Work in a virtual environment.
    """
    python = facts.python
    if python.externally_managed:
        yield Finding(
            severity=Severity.INFO,
            subject=python.executable,
            message="pip refuses to install into this Python, since the operating system looks after its packages.",
            evidence=(Evidence(source=python.externally_managed, excerpt="EXTERNALLY-MANAGED"),),
            fix=Fix(
                text="Make a virtual environment and install there.",
                commands=((python.executable, "-m", "venv", ".venv"),),
                safe=True,
            ),
        )
