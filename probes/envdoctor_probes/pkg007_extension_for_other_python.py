"""Whether extension modules were built for another Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.natives import fits_python, is_of_other_machine
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution


@probe("PKG007", requires={"PYT003"})
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution's extension modules were built for another Python.

    A module's name tells the Python that it is for (`_umath.cpython-310-x86_64-linux-gnu.so`), and others pass over it:
    "No module named". It comes from copying an environment, from PYTHONPATH, from `pip install --target` with another
    Python, or from an upgrade of Python below its packages. Install the distribution again with this Python.
    """
    python = facts.python
    for distribution, tags in facts.natives.wheel_tags:
        modules = facts.natives.modules_of(distribution)
        foreign = [one for one in modules if one.is_tagged and not one.importable]
        if foreign and all(is_of_other_machine(one, python) for one in foreign):
            continue  # PKG008 tells that
        evidence = None
        if foreign and not any(one.importable for one in modules):
            evidence = Evidence(source=foreign[0].path, excerpt=f"this Python imports *{python.extension_suffixes[0]}")
        elif tags and not any(fits_python(tag, python.minor, free_threaded=python.free_threaded) for tag in tags):
            evidence = Evidence(source=f"{distribution.metadata}/WHEEL", excerpt=f"Tag: {tags[0]}")
        if evidence is not None:
            yield Finding(
                severity=Severity.WARNING if distribution.system else Severity.ERROR,
                subject=distribution.name,
                message=f"The extension modules of {distribution.title} were built for another Python than "
                f"{python.version}.",
                evidence=(evidence, Evidence(source=python.executable, excerpt=python.described)),
                fix=_fix(facts, distribution),
            )


def _fix(facts: Facts, distribution: Distribution) -> Fix | None:
    installer = installer_for(facts.python, facts.packages, distribution)
    if installer is None or distribution.origin == "pythonpath":
        return Fix(
            text=f"Use the Python that {distribution.root} belongs to, or take that folder from the search path."
        )
    return installer.again(distribution, "Install it again with this Python.")
