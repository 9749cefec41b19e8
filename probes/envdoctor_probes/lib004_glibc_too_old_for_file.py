"""Whether installed files ask for a newer C library than the system's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Finding, Fix, Severity
from envdoctor.facts.packages.installers import matrix_command
from envdoctor.facts.witness import words_on
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.loading.versions import MissingVersion

_FAMILY = "GLIBC_"


@probe("LIB004", timeout=300)  # with --witness it waits for that tool's words
def check(facts: Facts) -> Iterator[Finding]:
    """An installed file needs a newer C library than the system has.

    ld.so refuses a file that asks for a symbol version which the system's libc.so.6 does not define: "version
    `GLIBC_2.34' not found". A wheel whose tag promises more than its files hold, one that was installed with a forced
    platform, or an environment that was copied from a newer system does that. glibc can't be renewed apart from the
    system: take an older release of the distribution, a newer system, or a container with one.
    """
    if facts.host.libc != "glibc":
        raise DoesNotApply("the C library here is not glibc")
    lacking: dict[str, list[MissingVersion]] = {}
    for one in facts.loading.versions:
        if one.version.startswith(_FAMILY):
            lacking.setdefault(one.file.distribution.key, []).append(one)
    for rows in lacking.values():
        worst = max(rows, key=lambda one: one.reached)
        distribution = worst.file.distribution
        others = len({one.file.path for one in rows}) - 1
        more = f" and {plural(others, 'more file')}" if others else ""
        name = worst.file.path.rpartition("/")[2]
        yield Finding(
            severity=Severity.ERROR if worst.reached else Severity.INFO,
            subject=distribution.name,
            message=f"{name}{more} of {distribution.title} can't be loaded: it needs {worst.version}, "
            f"and {worst.library} here has {worst.offered}.",
            evidence=(*worst.proof, *words_on(facts, worst.file.path, worst.version)),
            fix=Fix(
                text=f"Install a release of {distribution.name} that was built for an older glibc; envdoctor tells "
                "which ones load here. Or use a newer system or a container.",
                commands=matrix_command(distribution.name),
                safe=True,
            ),
        )
