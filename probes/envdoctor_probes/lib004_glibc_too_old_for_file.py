"""Whether installed files ask for a newer C library than the system's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_FAMILY = "GLIBC_"


@probe("LIB004")
def check(facts: Facts) -> Iterator[Finding]:
    """An installed file needs a newer C library than the system has.

    ld.so refuses a file that asks for a symbol version which the system's libc.so.6 does not define: "version
    `GLIBC_2.34' not found". A wheel whose tag promises more than its files hold, one that was installed with a forced
    platform, or an environment that was copied from a newer system does that. glibc can't be renewed apart from the
    system: take an older release of the distribution, a newer system, or a container with one.
    """
    told: dict[str, int] = {}
    lacking = [one for one in facts.loading.versions if one.version.startswith(_FAMILY)]
    for one in sorted(lacking, key=lambda each: not each.reached):
        distribution = one.file.distribution
        told[distribution.key] = told.get(distribution.key, 0) + 1
        if told[distribution.key] > 1:
            continue
        files = sum(each.file.distribution.key == distribution.key for each in lacking)
        more = f" and {files - 1} more files" if files > 1 else ""
        name = one.file.path.rpartition("/")[2]
        yield Finding(
            severity=Severity.ERROR if one.reached else Severity.INFO,
            subject=distribution.name,
            message=f"{name}{more} of {distribution.title} can't be loaded: it needs {one.version}, "
            f"and {one.library} here has {one.newest or 'no such versions'} at most.",
            evidence=(
                Evidence(source=one.file.path, excerpt=f"needs {one.version} of {one.library}"),
                Evidence(source=one.found, excerpt=f"defines {one.newest or 'other versions'} as its newest"),
            ),
            fix=Fix(
                text=f"Install a release of {distribution.name} that was built for an older glibc; envdoctor tells "
                "which ones load here. Or use a newer system or a container.",
                commands=(("envdoctor", "matrix", distribution.name),),
                safe=True,
            ),
        )
