"""Whether a pair of distributions is installed that is known not to work together, or one not with this Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.importing.fixes import replacement, unfit
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe
from envdoctor.support.requirement import admits, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution

#: What is proved from the files themselves: see PKG003.
_PROVED_ELSEWHERE = "overwrites"


@probe("PKG010")
def check(facts: Facts) -> Iterator[Finding]:
    """Two installed distributions are known not to work together.

    Some pairs abort or fail though nothing in their metadata says so: tensorflow 2.20.0 with ai-edge-litert 2.0.3
    registers one type twice and ends the process. The table of such pairs holds only what was measured, with its
    source. Install one of the versions that are known to work. The same is known of a few distributions and newer
    versions of Python, where their texts alone do not prove it: setuptools before 66.1 with Python 3.12.
    """
    active = facts.packages.active()
    yield from _not_for_this_python(facts)
    proved = {use.distribution.key for use in facts.natives.numpy_uses}
    for row in load_table("known_bad_pairs")["pairs"]:
        pair = [(active.get(side["name"]), side["versions"]) for side in (row["first"], row["second"])]
        found = [one for one, versions in pair if one is not None and _admits(versions, one.version)]
        by_file = row["second"]["name"] == "numpy" and row["first"]["name"] in proved
        if len(found) < len(pair) or row["effect"] == _PROVED_ELSEWHERE or by_file:
            continue
        yield Finding(
            severity=Severity.ERROR,
            subject=", ".join(one.name for one in found),
            message=f"{found[0].title} and {found[1].title} don't work together: {row['message']}.",
            evidence=(
                *(Evidence(source=one.metadata, excerpt=one.title) for one in found),
                Evidence(source=row["source"], excerpt=row["seen"] or row["message"]),
            ),
            fix=Fix(
                text=f"{row['fix'][:1].upper()}{row['fix'][1:]}.",
                commands=_commands(row.get("instead"), found[0], facts),
            ),
        )


def _commands(instead: str | None, one: Distribution, facts: Facts) -> tuple[tuple[str, ...], ...]:
    installer = installer_for(facts.python, facts.packages, one) if instead else None
    wanted = parse_requirement(instead or one.key)
    return installer.install(wanted.name, wanted.specifier) if installer is not None else ()


def _not_for_this_python(facts: Facts) -> Iterator[Finding]:
    """Distributions that can't be imported by this Python or any newer one, as was seen."""
    for one in facts.packages.active().values():
        row = unfit(one, facts)
        if row is not None and row.seen:
            yield Finding(
                severity=Severity.ERROR,
                subject=one.name,
                message=f"{one.title} can't be imported with Python {'{}.{}'.format(*row.python)} or newer.",
                evidence=(
                    Evidence(source=one.metadata, excerpt=one.title),
                    Evidence(source="imported with that Python", excerpt=row.seen),
                ),
                fix=replacement(one, facts),
            )


def _admits(versions: Sequence[str], version: str) -> bool:
    """Whether one of the specifiers holds; an empty list means every version."""
    try:
        return not versions or any(admits(one, version) for one in versions)
    except ValueError:
        return False  # no version as PEP 440 has it, so none of those
