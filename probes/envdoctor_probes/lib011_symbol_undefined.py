"""Whether installed native files need symbols that the loader does not find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Finding, Fix
from envdoctor.facts.loading.symbols import in_words
from envdoctor.facts.packages.installers import matrix_command
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("LIB011")
def check(facts: Facts) -> Iterator[Finding]:
    """A native file needs a symbol that the loader does not find.

    Python and ctypes have ld.so bind every symbol of a file, and of the libraries that it brings, while they load it:
    "undefined symbol". It is looked for in Python, in the file and in what these need, with its version; that other
    libraries define it does not help, unless code loads them for all (RTLD_GLOBAL). The file was built wrongly, or
    beside another version of what it needs: take another release of the distribution, or of the one that is to define
    the symbol. musl, macOS and Windows are not looked at.
    """
    symbols = facts.loading.symbols
    if symbols is None:
        raise DoesNotApply("symbols are looked at where glibc's loader is")
    for lacking in symbols.by_distribution().values():
        worst = lacking[0]
        name = worst.file.distribution.name
        yield Finding(
            severity=worst.severity,
            subject=name,
            message=in_words(lacking),
            evidence=worst.proof,
            fix=Fix(
                text=f"Install another release of {name}, or build it again with the library that defines "
                f"{worst.names[0]}; envdoctor tells which releases there are.",
                commands=matrix_command(name),
            ),
        )
    if symbols.unread:
        file, problem = symbols.unread[0]
        more = f" and {plural(len(symbols.unread) - 1, 'more file')}" if symbols.unread[1:] else ""
        raise FactUnavailable("loading", f"the symbols of {file.path}{more} can't be read: {problem}")
