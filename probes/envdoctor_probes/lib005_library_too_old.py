"""Whether a library that is found is too old for the installed file that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Finding, Fix, Severity
from envdoctor.facts.witness import words_on
from envdoctor.probing import probe
from envdoctor.support.system_packages import package_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.loading.versions import MissingVersion

_OF_GLIBC = "GLIBC_"


@probe("LIB005", timeout=300)  # with --witness it waits for that tool's words
def check(facts: Facts) -> Iterator[Finding]:
    """A library is there, but too old for the file that needs it.

    ld.so takes the first library of the right name and then refuses the file if that lacks a symbol version: "version
    `GLIBCXX_3.4.32' not found (required by ...)". An old libstdc++ in the way, of the system, of a conda environment or
    of a folder in LD_LIBRARY_PATH, is the usual reason. The path shows which one was taken: renew it, or take its
    folder out of the search path.
    """
    for one in facts.loading.versions:
        if one.version.startswith(_OF_GLIBC):
            continue
        distribution = one.file.distribution
        name = one.file.path.rpartition("/")[2]
        yield Finding(
            severity=Severity.ERROR if one.reached else Severity.INFO,
            subject=distribution.name,
            message=f"{name} of {distribution.title} needs {one.version} of {one.library}, "
            f"and the {one.library} that is found has {one.offered}.",
            evidence=(*one.proof, *words_on(facts, one.file.path, one.version)),
            fix=_fix(one, facts),
        )


def _fix(one: MissingVersion, facts: Facts) -> Fix:
    package = package_of(one.library, facts.host.distribution)
    if package is not None and one.found.startswith(("/lib", "/usr/lib")):
        return Fix(text=f"Renew the system's package {package.name}.", commands=(package.command,), safe=True)
    return Fix(text=f"Renew {one.found}, or take its folder out of the search path.")
