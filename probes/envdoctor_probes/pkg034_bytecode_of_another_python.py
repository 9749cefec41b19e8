"""Whether compiled modules without their text are for this Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_SHOWN = 3


@probe("PKG034")
def check(facts: Facts) -> Iterator[Finding]:
    """A package holds compiled modules, without their text, of another Python.

    Files `*.pyc` beside the others of a package stand in for modules whose text is kept back. They are for one version
    of Python alone; every other refuses them: "bad magic number in ...". Use that version, or ask the package's maker
    for files of yours.
    """
    for one in facts.bytecode.foreign:
        distribution = one.distribution
        kind = f"for Python {one.made_for}" if one.made_for else "of no Python that is known, or damaged"
        installer = installer_for(facts.python, facts.packages, distribution)
        text = f"Use Python {one.made_for} for it, or" if one.made_for else "Install the same version again, or"
        yield Finding(
            severity=Severity.ERROR,
            subject=distribution.name,
            message=f"{distribution.title} has {plural(len(one.files), 'compiled module')} {kind}: "
            "the import fails with 'bad magic number'.",
            evidence=tuple(Evidence(source=path, excerpt=f"compiled {kind}") for path in one.files[:_SHOWN]),
            fix=Fix(text=f"{text} ask its maker for files of Python {facts.python.version}.")
            if one.made_for or installer is None
            else installer.again(distribution, f"{text} ask its maker for files of Python {facts.python.version}."),
        )
