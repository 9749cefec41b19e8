"""MDL033: a compiled file of which it can't be told whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.facts.compiled import compiled_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.finding import Finding
    from envdoctor.facts import Facts


@probe("MDL033", topic="compiled-file")
def check(facts: Facts) -> Iterable[Finding]:
    """Whether the compiled file is whole.

    A download that broke off, a full disk and a "replacement compiler" leave files that begin like a compiled one. Most
    formats store sizes or a checksum, which are held against the file; a few store none that is public. Of a file with
    a long run of zeros (a fortieth of it or more) the sizes are no answer: space is often set aside before it is used.

    Where there is no answer, compare the file's size or hash with those where it comes from.
    """
    file = compiled_of(facts)
    if not file.identity.checked:
        doubts = [
            words.partition(": ")[2] for words in file.identity.unknown if words.startswith("whether it is whole")
        ]
        told = "the format stores nothing to tell a whole file from one that is cut short"
        raise FactUnavailable("compiled", f"{file.path.name}: {next(iter(doubts), told)}")
    yield from ()
