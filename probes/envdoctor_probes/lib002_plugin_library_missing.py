"""Which libraries optional parts of the installed distributions lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.loading.proof import full_path
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.wheels.loading import MissingLibrary

_MOST_NAMES, _MOST_EVIDENCE = 6, 10


@probe("LIB002")
def check(facts: Facts) -> Iterator[Finding]:
    """An optional plug-in needs a library that is not there.

    Wheels carry plug-ins for accelerators, databases and desktops that most machines don't have; no import loads them,
    or the import goes on without them. This is no fault. Who wants to use such a part, the delegate for a vendor's
    accelerator say, has to install the library that it names.
    """
    for distribution, analysis in facts.loading.analyses:
        lacking = [one for one in analysis.missing if one.severity is Severity.INFO]
        if lacking:
            shown = ", ".join(_named(one) for one in lacking[:_MOST_NAMES])
            more = f" and {len(lacking) - _MOST_NAMES} more" if len(lacking) > _MOST_NAMES else ""
            yield Finding(
                severity=Severity.INFO,
                subject=distribution.name,
                message=f"Optional parts of {distribution.title} need libraries that are not there: {shown}{more}.",
                evidence=tuple(
                    Evidence(source=full_path(one.loaders[0], distribution), excerpt=f"needs {one.name}")
                    for one in lacking[:_MOST_EVIDENCE]
                ),
            )


def _named(missing: MissingLibrary) -> str:
    return f"{missing.name} ({missing.provider.name})" if missing.provider else missing.name
