"""Rules about names at the top of site-packages that are another's: a known project's, or Python's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel


@rule("package-of-another-project", fix="Require that project instead, or move the copy into the project's package.")
def another_project(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A package that a well-known project installs: both write the same files, and the later one overwrites.

    A distribution whose name holds the project's, as builds and forks of it have, takes the name on purpose.
    """
    owners: dict[str, str] = load_table("project_packages")["packages"]
    plain = wheel.name.replace("-", "")
    for top in wheel.tops:
        word = top.removesuffix(".py")
        projects = owners.get(word, "").split()
        names = {word.lower().replace("_", ""), *(project.replace("-", "") for project in projects)}
        if projects and not any(name in plain for name in names):
            message = f"{top} is what the project {projects[0]} installs, whose files it overwrites"
            yield Sighting(message=message, files=(top,))


@rule("standard-library-name", fix="Give the module another name, or move it into the project's own package.")
def standard_name(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module at the top that is called like one of Python's own.

    Python looks into its own library first, so that nobody can import it; where its folder comes first, as for a
    script beside it, it breaks what needs Python's.
    """
    table = load_table("python_modules")
    names = {*table["modules"]} - {*table["removed"]} - {*table["added"]}
    found = tuple(name for name in wheel.contents.imports if name in names and not wheel.owns(name))
    if found:
        yield Sighting(message=f"Python's own library has modules of these names: {listed(found)}", files=found)


@rule("several-packages", fix="Look whether each of them belongs into this wheel.")
def several_packages(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Several importable names at the top, of which no one is the project's: each may clash with another's."""
    tops = tuple(name for name in wheel.contents.imports if not name.startswith("_") and not name.endswith("__mypyc"))
    plain = wheel.name.replace("-", "")
    strangers = tuple(name for name in tops if name.lower().replace("_", "") not in plain)
    if len(tops) > 1 and strangers:
        message = f"installs {len(tops)} packages or modules at the top: {listed(tops)}"
        yield Sighting(message=message, files=tops, severity=Severity.INFO)
