"""Whether the system's own tool says of the installed native files what envdoctor says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural, quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_MOST = 10


@probe("LIB010", topic="witness", timeout=300)
def check(facts: Facts) -> Iterator[Finding]:
    """The system's own tool and envdoctor disagree about a native file.

    With `--witness`, `ldd` on Linux or `otool -L` on macOS is asked about every installed native file. Each is looked
    at alone, as those tools do it. Where they say something else than envdoctor reads, one of the two is wrong, and
    what other probes say of that file is not to be trusted until it is known which. Please report it.
    """
    witness = facts.witness
    for each in witness.disagreements[:_MOST]:
        yield Finding(
            severity=Severity.WARNING,
            subject=each.account.path.rpartition("/")[2],
            message=f"{witness.tool} and envdoctor disagree about {each.name} of this file.",
            evidence=(
                Evidence(
                    source=quote_command(each.account.command), excerpt=each.account.about(each.name) or each.theirs
                ),
                Evidence(source=each.account.path, excerpt=f"envdoctor: {each.ours}"),
            ),
            fix=Fix(text="Report this to the authors of envdoctor, with both answers."),
        )
    if len(witness.disagreements) > _MOST or witness.silent or witness.left:
        yield _rest(facts)


def _rest(facts: Facts) -> Finding:
    witness = facts.witness
    more = max(0, len(witness.disagreements) - _MOST)
    told = [f"disagreed about {more} more"] if more else []
    told += [f"could say nothing of {plural(len(witness.silent), 'file')}"] if witness.silent else []
    told += [f"was not asked about {plural(witness.left, 'file')}, for want of time"] if witness.left else []
    path, words = (
        witness.silent[0] if witness.silent else (witness.tool, f"asked about {plural(len(witness.accounts), 'file')}")
    )
    return Finding(
        severity=Severity.WARNING if more else Severity.INFO,
        subject=witness.tool,
        message=f"{witness.tool} {' and '.join(told)}.",
        evidence=(Evidence(source=path, excerpt=words),),
    )
