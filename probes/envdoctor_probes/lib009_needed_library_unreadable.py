"""Whether something that an installed module loads can't be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.loading.proof import full_path
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("LIB009")
def check(facts: Facts) -> Iterator[Finding]:
    """A library that a module loads can't be read, so that its own needs are not known.

    The loader stops at the first file of the right name, even if that is damaged, empty, a page of text or closed to
    this user: "invalid ELF header", "file too short", "permission denied". Where the loader would take it all the same,
    envdoctor can't say what else it needs. Modules that can't be read themselves are told by PKG017.
    """
    modules = {one.path for one in facts.natives.files if one.importable}
    for distribution, analysis in facts.loading.analyses:
        for path, reason in analysis.unreadable:
            full = full_path(path, distribution)
            if full not in modules:
                yield Finding(
                    severity=Severity.WARNING,
                    subject=distribution.name,
                    message=f"{path.rpartition('/')[2]}, which {distribution.title} loads, can't be read.",
                    evidence=(Evidence(source=full, excerpt=reason.removeprefix("can't be read: ")),),
                )
