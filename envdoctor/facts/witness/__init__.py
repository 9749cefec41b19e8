"""What the system's own tools say of the installed native files: `ldd` on Linux, `otool -L` on macOS.

They are asked only where the user asks for it (`--witness`), and only of installed files: `ldd` may run what it looks
at. Their words become evidence beside what envdoctor reads, and where the two disagree, that is a finding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence
from envdoctor.core.frozen import frozen
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.witness.words import Words

#: The topic of requests that ask for the second witness.
TOPIC = "witness"
_MOST_LINES = 3


@frozen
class Account:
    """What a witness says of one file.

    Attributes:
        path: the file.
        command: what was run.
        words: what it says, read.
        printed: what it printed.
    """

    path: str
    command: tuple[str, ...]
    words: Words
    printed: str

    def about(self, name: str) -> str:
        """The first lines that name a library or a symbol version; "" if there is none."""
        named = re.compile(rf"(?<![\w.+-]){re.escape(name)}(?![\w.+-])")
        lines = [line.strip() for line in self.printed.splitlines() if named.search(line)]
        return "\n".join(lines[:_MOST_LINES])


@frozen
class Disagreement:
    """One library, or symbol version, of which envdoctor and the witness say different things.

    Attributes:
        account: of the file that needs it.
        name: as the file names it.
        ours, theirs: what each says: the path, that it is not found, or that the file does not name it at all.
    """

    account: Account
    name: str
    ours: str
    theirs: str


@frozen
class Witness:
    """All accounts.

    Attributes:
        tool: `ldd` or `otool -L`; empty if none was asked.
        accounts: one a file.
        disagreements: where envdoctor says something else.
        silent: files of which it said nothing that can be used, with its words.
        left: how many files were not asked about, for want of time.
    """

    tool: str = ""
    accounts: tuple[Account, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()
    left: int = 0


def ask(facts: Facts, request: Request, executor: Executor) -> Witness:
    """Ask about every native file that could be loaded, those that fail and extension modules first.

    Raises:
        FactUnavailable: there is no witness on this system, or the files could not be listed.
    """
    if TOPIC not in request.topics:
        return Witness()
    from envdoctor.facts.witness.asking import question

    return question(facts, executor)


def words_on(facts: Facts, path: str, name: str) -> tuple[Evidence, ...]:
    """What the witness says of a file about a library or a symbol version, if it could be asked and was."""
    try:
        accounts = facts.witness.accounts
    except FactUnavailable:
        return ()
    for account in accounts:
        if account.path == path:
            said = account.about(name)
            return (Evidence(source=quote_command(account.command), excerpt=said),) if said else ()
    return ()
