"""Whether the installed packages can be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.importing.fixes import fix_of
from envdoctor.facts.importing.proof import evidence_of, message_of, words_on
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG021", timeout=3600)  # with --prove it waits for all imports
def check(facts: Facts) -> Iterator[Finding]:
    """Importing an installed package certainly fails.

    All requirements may be met and the import fail all the same: a package needs what its metadata does not name
    (`pkg_resources`, which setuptools 82 dropped), a name that a newer version of another package no longer has, or a
    library of the system (PortAudio). The texts of the packages are read, and nothing is run; what is not understood
    is not told. The modules that console scripts enter are followed too. Install what is asked for, or versions that
    suit each other. `--fast` leaves this out, and `--prove` really imports the packages.
    """
    importing = facts.importing
    if importing.left_out:
        raise DoesNotApply("imports were not looked at, as asked")
    for failed in importing.failed:
        if not failed.told_by:
            yield Finding(
                severity=failed.severity,
                subject=failed.distribution.name,
                message=message_of(failed, facts),
                evidence=(*evidence_of(failed), *words_on(facts, failed)),
                fix=fix_of(failed, facts),
            )
    if importing.unfinished:
        names = [module for _, module in importing.unfinished]
        first = importing.unfinished[0][0]
        yield Finding(
            severity=Severity.INFO,
            subject=first.name,
            message=f"{plural(len(names), 'import')} of {importing.looked_at} could not be followed to the end.",
            evidence=(Evidence(source="not followed to the end", excerpt=", ".join(names)),),
        )
