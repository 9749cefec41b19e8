"""Whether the C library is older than the toolchains' wheels ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known, version_of
from envdoctor.probing import probe
from envdoctor.support.machines import toolchains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: manylinux_2_28, which many projects build for today and uv assumes for a Linux it knows nothing of.
_USUAL = (2, 28)


@probe("HST004")
def check(facts: Facts) -> Iterator[Finding]:
    """The C library is older than current wheels need.

    A wheel's manylinux tag names the oldest glibc that its code runs with; installers pass over wheels for a newer one
    and fall back to old versions or to building from source. glibc can't be renewed apart from the system: use a newer
    release of it, or a container with one.
    """
    host = facts.host
    if host.system != "linux" or host.libc == "musl":
        raise DoesNotApply("the C library here is not glibc")
    have = version_of(known(host.libc_version, "the version of the C library"))
    lacking = [one for one in toolchains() if have < one.platforms.get(host.platform, ())]
    if not lacking and have >= _USUAL:
        return
    needs = ", ".join(f"{one.title} ({'.'.join(map(str, one.platforms[host.platform]))})" for one in lacking)
    usual = ".".join(map(str, _USUAL))
    yield Finding(
        severity=Severity.WARNING if lacking else Severity.INFO,
        subject=f"glibc {host.libc_version}",
        message=f"glibc {host.libc_version} is too old for the wheels of {needs}."
        if lacking
        else f"glibc {host.libc_version} is older than the {usual} that many projects now build for.",
        evidence=(Evidence(source=host.source("libc_version"), excerpt=f"glibc {host.libc_version}"),),
        fix=Fix(text=f"Use a system with glibc {usual} or newer (Debian 11, Ubuntu 20.04), or a container with one."),
    )
