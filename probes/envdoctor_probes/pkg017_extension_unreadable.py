"""Whether extension modules are native libraries at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.natives import NativeFile


@probe("PKG017")
def check(facts: Facts) -> Iterator[Finding]:
    """An extension module is damaged, or no native library at all.

    Python would import the file by its name and the loader refuse it: "invalid ELF header", "file too short". A disk
    that was full, an interrupted copy or a pointer file of Git LFS leaves such files, sometimes with the size that
    RECORD gives; an ELF file that is cut off, or whose tables and relocations contradict each other, is refused too.
    Install the distribution again. A text `x.so` whose name tells no Python may be there for something else than an
    import, which makes it a warning. What envdoctor's own reader can't follow is told as information.
    """
    for one in facts.natives.files:
        if _is_told(one):
            installer = installer_for(facts.python, facts.packages, one.distribution)
            damaged = one.is_damaged or not one.is_native
            serious = Severity.ERROR if one.is_tagged or one.is_damaged else Severity.WARNING
            yield Finding(
                severity=serious if damaged else Severity.INFO,
                subject=one.distribution.name,
                message=_told(one),
                evidence=(Evidence(source=one.path, excerpt=one.problem),),
                fix=None
                if installer is None or not damaged
                else installer.again(one.distribution, "Install the same version again."),
            )


def _is_told(file: NativeFile) -> bool:
    """Whether a file that could not be read is named as a module, or is a library at least."""
    named = file.is_tagged or file.is_native or file.is_module
    return bool(file.problem) and file.importable and named and not file.is_linker_script


def _told(file: NativeFile) -> str:
    if not file.is_native:
        return f"A module of {file.distribution.title} is no native library."
    if file.is_damaged:
        return f"A module of {file.distribution.title} is damaged: the loader refuses it."
    return f"A native file of {file.distribution.title} could not be read."
