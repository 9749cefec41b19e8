"""Whether this is a debug build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PYT005")
def check(facts: Facts) -> Iterator[Finding]:
    """This Python is a debug build.

    On Windows a debug build looks for modules that end in `_d.pyd`, and no wheel has those. Elsewhere it has loaded the
    usual modules since Python 3.8, several times slower, and some modules stop at its stricter checks. Use a release
    build for conversions.
    """
    python = facts.python
    if python.debug:
        windows = python.markers.get("sys_platform") == "win32"
        yield Finding(
            severity=Severity.ERROR if windows else Severity.INFO,
            subject=python.executable,
            message=f"This Python {python.version} is a debug build"
            + (", which loads no module of any wheel." if windows else ", which is slow."),
            evidence=(Evidence(source=python.executable, excerpt="sys.gettotalrefcount exists"),),
            fix=new_environment("Make an environment with a release build of Python."),
        )
