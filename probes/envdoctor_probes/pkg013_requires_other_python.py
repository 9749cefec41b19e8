"""Whether the installed distributions admit this version of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.requirement import admits
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG013")
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution does not admit this version of Python.

    It came with `--ignore-requires-python`, with a copied environment, or Python was changed below it. It may use
    syntax or modules that an older Python does not have. Install a version that admits this Python. An upper bound
    alone is told as information: it is a guess about the future, and uv overlooks it on purpose.
    """
    python = facts.python
    for one in facts.packages.active().values():
        try:
            broken = [bound for bound in one.requires_python.split(",") if not admits(bound.strip(), python.version)]
        except ValueError:
            continue  # what PEP 440 does not know, installers overlook too
        if broken:
            installer = installer_for(python, facts.packages, one)
            mild = installer is None or all(bound.strip().startswith("<") for bound in broken)
            yield Finding(
                severity=Severity.INFO if mild else Severity.WARNING,
                subject=one.name,
                message=f"{one.title} requires Python {one.requires_python}; this is Python {python.version}.",
                evidence=(
                    Evidence(source=f"{one.metadata}/METADATA", excerpt=f"Requires-Python: {one.requires_python}"),
                    Evidence(source=python.executable, excerpt=python.described),
                ),
                fix=None
                if mild or installer is None
                else Fix(
                    text="Install a version that admits this Python.",
                    commands=(installer.install("--upgrade", one.name),),
                ),
            )
