"""Whether the installed protobuf takes the code that its compiler made for other distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.importing.fixes import version_fix
from envdoctor.imports.generated_code import PROTOBUF
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_SHOWN = 3


@probe("PKG035")
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution holds modules that protoc generated for another version of protobuf.

    Files `*_pb2.py` fit some versions of protobuf alone. Those from before protoc 3.19 fail with "Descriptors cannot be
    created directly" since protobuf 4; those since 5.27 compare versions and fail with `VersionError` where protobuf is
    older than they are. Metadata often does not tell. Nothing is wrong until such a module is imported, and then the
    import fails; where no module of the distribution, or of one that requires it, imports them, this is a note.
    """
    if facts.packages.find(PROTOBUF) is None:
        raise DoesNotApply("protobuf is not installed")
    told = {failed.distribution.metadata for failed in facts.importing.failed if failed.failures[0].cause.name}
    for one in facts.generated.refused:
        distribution = one.distribution
        if distribution.metadata in told:
            continue
        yield Finding(
            severity=Severity.WARNING if one.importer else Severity.INFO,
            subject=distribution.name,
            message=f"{plural(len(one.modules), 'module')} of {distribution.title} can't be imported: protoc made "
            f"{'it' if len(one.modules) == 1 else 'them'} for protobuf{one.needed}, and {one.protobuf.version} is "
            "installed.",
            evidence=(
                *(Evidence(source=path, excerpt=f"needs protobuf{one.needed}") for path in one.modules[:_SHOWN]),
                *([Evidence(source=one.importer, excerpt="imports one of them")] if one.importer else ()),
            ),
            fix=version_fix(distribution, one.protobuf, one.needed, facts),
        )
