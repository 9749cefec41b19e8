"""Whether libraries that the installed extension modules need are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Finding, Severity
from envdoctor.facts.loading import is_of_other_architecture, is_visual_cpp
from envdoctor.facts.loading.proof import fix_for, full_path, proof_of
from envdoctor.facts.witness import words_on
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.loading import MissingLibrary


@probe("LIB001", timeout=300)  # with --witness it waits for that tool's words
def check(facts: Facts) -> Iterator[Finding]:
    """A library that an extension module needs is not there.

    The loader looks for each library a file names along the file's rpath or runpath, the paths of the environment and
    the system's folders, and the import fails if none holds it: "cannot open shared object file", "Library not loaded",
    "DLL load failed". Either the wheel was built without it, or it counts on a package of the system. The paths are
    listed in the order in which they are tried. What only an optional plug-in needs is told by LIB002.
    """
    for distribution, missing in facts.loading.missing:
        if missing.severity is Severity.INFO or is_of_other_architecture(missing) or is_visual_cpp(missing):
            continue
        yield Finding(
            severity=missing.severity,
            subject=distribution.name,
            message=_message(distribution, missing),
            evidence=(
                *proof_of(missing, distribution),
                *words_on(facts, full_path(missing.loaders[0], distribution), missing.name),
            ),
            fix=fix_for(missing, distribution, facts),
        )


def _message(distribution: Distribution, missing: MissingLibrary) -> str:
    more = len(missing.loaders) - 1
    who = missing.loaders[0].rpartition("/")[2] + (f" and {plural(more, 'more file')}" if more else "")
    need = f"{who} of {distribution.title} need{'' if more else 's'} {missing.name}, which is not there"
    if missing.severity is Severity.ERROR and missing.via:
        return f"`import {missing.via[0]}` fails: {need}."
    if missing.via:
        return f"A part of {distribution.name} fails on `import {missing.via[-1]}`: {need}."
    return f"A part of {distribution.name} may fail: {need}, and what leads to it could not be followed."
