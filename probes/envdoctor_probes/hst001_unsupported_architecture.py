"""Whether the toolchains have wheels for this system and architecture at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import toolchains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("HST001")
def check(facts: Facts) -> Iterator[Finding]:
    """The toolchains have no wheels for this kind of machine.

    TensorFlow, LiteRT and the compilers are published as binary wheels for a few systems and architectures. Elsewhere
    installers find no version, or try for hours to build one. Run the conversion on a supported machine or in a
    container or virtual machine of a supported kind, and copy the finished model here.
    """
    host = facts.host
    lacking = [one for one in toolchains() if host.platform not in one.platforms]
    if not lacking:
        return
    everything = len(lacking) == len(toolchains())
    names = ", ".join(one.title for one in lacking)
    yield Finding(
        severity=Severity.ERROR if everything else Severity.WARNING,
        subject=host.platform,
        message=f"{names} have no wheels for {host.platform}.",
        evidence=(Evidence(source=host.source("machine"), excerpt=host.machine),),
        fix=Fix(
            text="Build on a machine (or in a container) of one of these kinds, and copy the model here: "
            + ", ".join(sorted(set.intersection(*(set(one.platforms) for one in toolchains()))))
            + "."
        ),
    )
