"""Whether files of the user's hide installed packages or Python's own modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG019")
def check(facts: Facts) -> Iterator[Finding]:
    """A file or folder of yours has the name of a package or of one of Python's modules, and is found first.

    Python looks into a script's own folder before all others, and then into those of PYTHONPATH. A `mediapipe.py` or
    `tensorflow.py` there is imported in place of the package ("module 'mediapipe' has no attribute 'solutions'",
    "partially initialized module"), and a `random.py` or `types.py` breaks every package that needs Python's. Rename
    it. The folder that is looked at is the one that envdoctor was started in.
    """
    for one in facts.strays.hiding:
        place = f"a folder that {one.variable} names" if one.variable else "this folder"
        owner = "Python's own module" if one.hidden is None else one.hidden.title
        where = "every program" if one.variable else "scripts in it"
        used = [] if one.hidden is None else [Evidence(source=one.hidden.metadata, excerpt=one.hidden.title)]
        name = one.name if one.path.endswith("__init__.py") else one.path.replace("\\", "/").rpartition("/")[2]
        yield Finding(
            severity=Severity.WARNING,
            subject=one.name,
            message=f"{name} in {place} hides {owner} from {where}: 'import {one.name}' imports that file.",
            evidence=(Evidence(source=one.path, excerpt="found first"), *used),
            fix=Fix(text="Rename it, and what imports it."),
        )
