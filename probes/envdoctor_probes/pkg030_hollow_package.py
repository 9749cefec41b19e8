"""Whether packages that carry files for others have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution


@probe("PKG030")
def check(facts: Facts) -> Iterator[Finding]:
    """A package was installed without the files that it is there for.

    Some packages are a few lines of Python and a build that fetches the rest, such as a vendor's SDK. When the vendor's
    server is away, or the machine is of another kind, that build goes on without it and the installer reports success;
    a compiler that uses the package then writes empty files. pip keeps what it built, so that installing again changes
    nothing: leave its cache out, and see in the output of the build what it could not fetch.
    Code that says nothing when the files are absent can do without them; that is told as information.
    """
    for one in facts.hollow.found:
        where, title = ", ".join(one.absent), one.distribution.title
        hollow = f"{title} is hollow: its code takes files from {where}, and nothing is there."
        yield Finding(
            severity=Severity.ERROR if one.complains else Severity.INFO,
            subject=one.distribution.name,
            message=hollow if one.complains else f"{title} uses files from {where} if there are any; there are none.",
            evidence=(
                Evidence(source=one.module, excerpt=f"names {where}"),
                Evidence(source=one.distribution.metadata, excerpt="its RECORD lists a few modules and nothing else"),
            ),
            fix=None
            if not one.complains
            else Fix(
                text="See in the output of its build what it can't fetch. If the vendor's server is away, wait for it, "
                "or get the files from the vendor.",
                commands=_commands(facts, one.distribution),
            ),
        )


def _commands(facts: Facts, distribution: Distribution) -> tuple[tuple[str, ...], ...]:
    installer = installer_for(facts.python, facts.packages, distribution)
    return () if installer is None else installer.reinstall(distribution, fresh=True)
