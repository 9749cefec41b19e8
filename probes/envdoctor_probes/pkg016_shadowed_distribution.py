"""Whether a distribution hides another version of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


_DELIBERATE = frozenset({("site", "base"), ("user", "base"), ("site", "pth"), ("user", "pth"), ("pth", "pth")})


@probe("PKG016")
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution is installed in two places, in different versions.

    The folder that is searched first wins. One in PYTHONPATH wins over everything, in every environment, which is
    rarely meant. One of the user's (`pip install --user`) hides the system's, on which other packages of the system may
    rely. A virtual environment that hides the packages of its base installation does what it is made for.
    """
    active = facts.packages.active()
    for hidden in facts.packages.distributions:
        used = active.get(hidden.key)
        if used is None or hidden.problem or hidden.root == used.root or hidden.version in {used.version, ""}:
            continue
        if (used.origin, hidden.origin) in _DELIBERATE:
            continue
        yield Finding(
            severity=Severity.WARNING if used.origin == "pythonpath" else Severity.INFO,
            subject=used.name,
            message=f"{used.title} in {used.root} hides {hidden.title} in {hidden.root}.",
            evidence=(
                Evidence(source=used.metadata, excerpt=used.title),
                Evidence(source=hidden.metadata, excerpt=hidden.title),
            ),
            fix=Fix(text=f"Remove the folder from PYTHONPATH, or remove {used.name} there.")
            if used.origin == "pythonpath"
            else None,
        )
