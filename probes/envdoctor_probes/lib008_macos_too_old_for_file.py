"""Whether installed files say that they are for a newer macOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known, version_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.natives import NativeFile


@probe("LIB008")
def check(facts: Facts) -> Iterator[Finding]:
    """Installed files say that they are for a newer macOS.

    dyld maps a library whatever system it says it was built for, and stops where it calls something that this macOS
    does not have yet: "Symbol not found ... (built for macOS 15.2 which is newer than running OS)". Wheels whose tag
    promises an older system than their files were built for are installed all the same. If something fails, take an
    older release or renew macOS; until then it is only a warning.
    """
    host = facts.host
    if host.system != "macos":
        return
    have = version_of(known(host.version or None, "the version of macOS"))
    newer: dict[str, list[NativeFile]] = {}
    for one in facts.natives.files:
        library = one.library and (one.library.for_architecture(facts.python.machine) or one.library)
        if library and library.platform == "macos" and (library.minimum_os or ())[:2] > have[:2]:
            newer.setdefault(one.distribution.key, []).append(one)
    for files in newer.values():
        first = files[0]
        asked = ".".join(map(str, _minimum(first, facts.python.machine)))
        yield Finding(
            severity=Severity.WARNING if any(one.path in facts.loading.reached for one in files) else Severity.INFO,
            subject=first.distribution.name,
            message=f"{len(files)} native files of {first.distribution.title} were built for macOS {asked} or newer, "
            f"and this is {host.version}.",
            evidence=(
                Evidence(source=first.path, excerpt=f"minos {asked}"),
                Evidence(source=host.source("version"), excerpt=host.version),
            ),
            fix=Fix(text=f"If `import` fails, install an older release of {first.distribution.name}, or renew macOS."),
        )


def _minimum(file: NativeFile, machine: str) -> tuple[int, ...]:
    library = file.library
    part = library and (library.for_architecture(machine) or library)
    return (part.minimum_os if part else None) or ()
