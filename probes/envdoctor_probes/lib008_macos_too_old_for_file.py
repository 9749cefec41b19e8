"""Whether installed files say that they are for a newer macOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known, version_of
from envdoctor.probing import probe
from envdoctor.support.text import plural

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
        raise DoesNotApply("this is not macOS")
    have = version_of(known(host.version or None, "the version of macOS"))
    newer: dict[str, list[NativeFile]] = {}
    for one in facts.natives.files:
        if _minimum(one, facts.python.machine)[:2] > have[:2]:
            newer.setdefault(one.distribution.key, []).append(one)
    for files in newer.values():
        first = max(files, key=lambda one: _minimum(one, facts.python.machine))
        asked = _shown(_minimum(first, facts.python.machine))
        verb = "was" if len(files) == 1 else "were"
        yield Finding(
            severity=Severity.WARNING if any(one.path in facts.loading.reached for one in files) else Severity.INFO,
            subject=first.distribution.name,
            message=f"{plural(len(files), 'native file')} of {first.distribution.title} {verb} built "
            f"for macOS {asked} or newer, and this is {host.version}.",
            evidence=(
                Evidence(source=first.path, excerpt=f"minos {asked}"),
                Evidence(source=host.source("version"), excerpt=host.version),
            ),
            fix=Fix(text=f"If `import` fails, install an older release of {first.distribution.name}, or renew macOS."),
        )


def _minimum(file: NativeFile, machine: str) -> tuple[int, ...]:
    """The oldest macOS that the file says it is for, of the part that this processor takes; empty if it says none."""
    library = file.library and (file.library.for_architecture(machine) or file.library)
    return library.minimum_os or () if library and library.platform == "macos" else ()


def _shown(version: tuple[int, ...]) -> str:
    """A version as Apple writes it: 26, 15.2, 10.15.7."""
    while len(version) > 1 and version[-1] == 0:
        version = version[:-1]
    return ".".join(map(str, version))
