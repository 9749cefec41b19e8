"""Whether PYTHONPATH brings in packages of another Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


_VERSION = re.compile(r"[/\\]python(\d+)\.(\d+)[/\\](?:site|dist)-packages", re.IGNORECASE)


@probe("PYT008")
def check(facts: Facts) -> Iterator[Finding]:
    """PYTHONPATH brings in packages of another Python.

    Folders in PYTHONPATH come before an environment's own packages, in every Python and every virtual environment. A
    set-up script (of ROS, of a vendor's SDK) that puts the packages of one Python there breaks all others: modules are
    found and can't be loaded, or are of the wrong version. Unset it where you work with another Python.
    """
    python = facts.python
    for folder in python.search_path:
        match = _VERSION.search(folder.path + "/")
        if folder.origin.value != "pythonpath" or match is None:
            continue
        version = read_number(match[1]), read_number(match[2])
        if version != python.minor:
            yield Finding(
                severity=Severity.WARNING,
                subject=folder.path,
                message=f"PYTHONPATH names a folder with packages of Python {match[1]}.{match[2]}; "
                f"this is Python {python.version}.",
                evidence=(Evidence(source="$PYTHONPATH", excerpt=folder.path),),
                fix=Fix(text="Remove the folder from PYTHONPATH; a start-up file of your shell adds it."),
            )
