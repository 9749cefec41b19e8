"""Whether what Python reads at every start works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT009")
def check(facts: Facts) -> Iterator[Finding]:
    """A file that Python reads at every start does not work.

    Lines of .pth files among the packages add folders to the search path or import modules; sitecustomize and
    usercustomize are imported last. A line whose module is gone, or a text that does not compile, prints an error at
    every start, and what it was to set up is not there. A folder that is gone is passed over without a word, and what
    was found in it is not any more. A .pth file that is not in UTF-8, as `echo` of Windows PowerShell writes it, or
    code that ends the process, keeps Python from starting. Mend the file, or delete it where nothing needs it.
    """
    for one in facts.startup.problems:
        name = Path(one.path).name
        effect = "Python prints an error for it at every start" if one.raises else "Python passes over it"
        effect = "Python does not start" if one.stops else effect
        severity = Severity.ERROR if one.stops else Severity.WARNING
        relative = not one.raises and not Path(one.excerpt).is_absolute()  # what setuptools leaves in easy-install.pth
        yield Finding(
            severity=Severity.INFO if relative else severity,
            subject=name,
            message=f"{name} does not work: {one.reason}; {effect}.",
            evidence=(Evidence(source=one.path, excerpt=one.excerpt),),
            fix=Fix(text=f"Mend {one.path}, or delete it if nothing needs it."),
        )
