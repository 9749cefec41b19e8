"""Whether the runtimes of other languages that packages start are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG031")
def check(facts: Facts) -> Iterator[Finding]:
    """A package starts a runtime of another language, which is not on this machine.

    Metadata of Python can't ask for .NET or Java, so that installing succeeds and the package fails when it starts what
    it brings: "Failed to get hostfxr path", "No such file or directory: 'java'". Install the runtime, or set
    DOTNET_ROOT or JAVA_HOME to where it lies.
    """
    for one in facts.runtimes.missing:
        has = f"; there is {', '.join(one.present)}" if one.present else ""
        variable = "JAVA_HOME" if one.runtime == "Java" else "DOTNET_ROOT"
        yield Finding(
            severity=Severity.WARNING,
            subject=one.distribution.name,
            message=f"{one.distribution.title} starts {one.runtime}, which is not on this machine{has}.",
            evidence=(
                Evidence(source=one.path, excerpt=one.excerpt),
                Evidence(source=", ".join(one.searched), excerpt=f"no {one.runtime}"),
            ),
            fix=Fix(text=f"Install the {one.runtime} runtime, or set {variable} to the folder that holds it."),
        )
