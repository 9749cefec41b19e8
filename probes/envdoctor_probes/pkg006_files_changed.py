"""Whether installed files were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.facts.records.kinds import FileKind, kind_of
from envdoctor.probing import probe
from envdoctor.support.text import few, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.records import ChangedFile

_SHOWN = 3


@probe("PKG006")
def check(facts: Facts) -> Iterator[Finding]:
    """Files of an installed distribution are not as they were installed.

    Their size or content is another than RECORD says: an edit by hand, a patch by a tool, or damage, as by a disk that
    was full. Looked at are the sizes of all files, and the content of those written after the installation. Install the
    same version again, unless you made the change. Changed data, such as certificates that a company adds to certifi,
    is told as information.
    """
    for record in facts.records.records:
        if record.changed:
            ranked = sorted(record.changed, key=lambda one: -_severity(one))
            severity = _severity(ranked[0])
            distribution = record.distribution
            installer = installer_for(facts.python, facts.packages, distribution)
            yield Finding(
                severity=severity,
                subject=distribution.name,
                message=f"{distribution.title} is not as it was installed; {plural(len(ranked), 'file')} changed: "
                f"{few([one.path for one in ranked], _SHOWN)}.",
                evidence=tuple(
                    Evidence(source=f"{distribution.root}/{one.path}", excerpt=_words(one)) for one in ranked[:_SHOWN]
                ),
                fix=None
                if installer is None or severity is Severity.INFO
                else installer.again(
                    distribution, "Install the same version again; that takes back every change to it.", safe=False
                ),
            )


def _severity(one: ChangedFile) -> Severity:
    kind = kind_of(one.path)
    if kind is FileKind.NATIVE or (kind is FileKind.CODE and one.found == 0):
        return Severity.ERROR
    return Severity.WARNING if kind is FileKind.CODE else Severity.INFO


def _words(one: ChangedFile) -> str:
    if one.recorded == one.found:
        return f"another content than RECORD says, in the same {one.found} bytes"
    return f"{one.found} bytes; RECORD says {one.recorded}"
