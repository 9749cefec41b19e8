"""Whether the installed distributions admit this version of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe
from envdoctor.support.requirement import admits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


_TOO_NEW = " Only an upper bound is exceeded, which uv overlooks and pip does not; the distribution normally works."


@probe("PKG013")
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution does not admit this version of Python.

    It came with `--ignore-requires-python`, with a copied environment, or Python was changed below it. It may use
    syntax or modules that an older Python does not have. Install a version that admits this Python. An upper bound
    alone is told as information: it is a guess about Pythons that were not out yet, and the distribution normally
    works. uv overlooks it on purpose; pip refuses to install such a version, unless it is told to overlook it too.
    """
    python = facts.python
    for one in facts.packages.active().values():
        try:
            broken = [bound for bound in one.requires_python.split(",") if not admits(bound.strip(), python.version)]
        except ValueError:
            continue  # what PEP 440 does not know, installers overlook too
        if broken:
            installer = installer_for(python, facts.packages, one)
            too_new = all(_is_upper(bound.strip(), python.version) for bound in broken)
            mild = too_new or installer is None
            yield Finding(
                severity=Severity.INFO if mild else Severity.WARNING,
                subject=one.name,
                message=f"{one.title} requires Python {one.requires_python}; this is Python {python.version}."
                + (_TOO_NEW if too_new else ""),
                evidence=(
                    Evidence(source=f"{one.metadata}/METADATA", excerpt=f"Requires-Python: {one.requires_python}"),
                    Evidence(source=python.executable, excerpt=python.described),
                ),
                fix=None
                if mild or installer is None
                else Fix(
                    text="Install a version that admits this Python.",
                    commands=installer.install(one.name, upgrade=True),
                ),
            )


def _is_upper(bound: str, version: str) -> bool:
    """True if a bound that a version does not meet would admit an older one alone."""
    if bound.startswith("~="):
        return admits(f">={bound.removeprefix('~=').strip()}", version)
    return bound.startswith("<")
