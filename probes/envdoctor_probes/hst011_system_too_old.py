"""Whether macOS or Windows is older than the toolchains' wheels ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import version_of
from envdoctor.probing import probe
from envdoctor.support.machines import toolchains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_OLDEST_WINDOWS = (10, 0)


@probe("HST011")
def check(facts: Facts) -> Iterator[Finding]:
    """The operating system is older than current wheels need.

    A wheel for macOS names the oldest version that it runs on (`macosx_12_0_arm64`), and installers pass over wheels
    for a newer one. On Windows, Python itself needs Windows 10 since 3.13 and the toolchains are built for it. Update
    the system, or convert elsewhere.
    """
    host = facts.host
    if host.system not in {"macos", "windows"}:
        raise DoesNotApply("this is neither macOS nor Windows; HST004 asks for Linux")
    have = version_of(host.version)
    if not have:
        raise FactUnavailable("host", "the version of the operating system could not be found out")
    if host.system == "macos":
        needs = {one.title: one.platforms.get(host.platform, ()) for one in toolchains()}
    else:
        needs = {one.title: _OLDEST_WINDOWS for one in toolchains()}
    lacking = {title: version for title, version in needs.items() if have < version}
    if lacking:
        words = ", ".join(f"{title} ({'.'.join(map(str, version))})" for title, version in lacking.items())
        yield Finding(
            severity=Severity.WARNING,
            subject=host.name,
            message=f"{host.name} is too old for the wheels of {words}.",
            evidence=(Evidence(source=host.source("version"), excerpt=host.version),),
            fix=Fix(text="Update the operating system, or convert on another machine."),
        )
