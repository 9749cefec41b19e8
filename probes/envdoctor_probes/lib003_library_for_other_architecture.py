"""Whether libraries are there for another processor only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.loading import is_of_other_architecture
from envdoctor.facts.loading.proof import full_path, proof_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("LIB003")
def check(facts: Facts) -> Iterator[Finding]:
    """A library that is needed is there for another processor only.

    The loader passes over files for other architectures as if they were not there: "wrong ELF class", "incompatible
    architecture (have 'x86_64', need 'arm64')". A search path that is set by hand (LD_LIBRARY_PATH) or libraries from a
    package manager for the other architecture, such as an x86_64 Homebrew on Apple silicon, lead there. Install the
    library for the architecture of Python, or use a Python for that of the library.
    """
    python = facts.python
    for distribution, missing in facts.loading.missing:
        if missing.severity is Severity.INFO or not is_of_other_architecture(missing):
            continue
        wrong = next(each for each in missing.considered if each.problem.startswith("is for "))
        yield Finding(
            severity=missing.severity,
            subject=distribution.name,
            message=f"{missing.name}, which {distribution.title} needs, {wrong.problem}, "
            f"and this Python is for {python.machine}.",
            evidence=(
                Evidence(source=full_path(wrong.path, distribution), excerpt=wrong.problem),
                *proof_of(missing, distribution),
            ),
            fix=Fix(text=f"Install {missing.name} for {python.machine}, or take the wrong one out of the search path."),
        )
