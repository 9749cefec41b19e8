"""Whether installed native files need symbols that the loader does not find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Finding, Fix, Severity
from envdoctor.facts.packages.installers import matrix_command
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.loading.symbols import UndefinedSymbols


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
    rows: dict[str, list[UndefinedSymbols]] = {}
    for one in symbols.undefined:
        rows.setdefault(one.file.distribution.key, []).append(one)
    for lacking in rows.values():
        yield _finding(lacking)
    if symbols.unread:
        file, problem = symbols.unread[0]
        more = f" and {plural(len(symbols.unread) - 1, 'more file')}" if symbols.unread[1:] else ""
        raise FactUnavailable("loading", f"the symbols of {file.path}{more} can't be read: {problem}")


def _finding(lacking: list[UndefinedSymbols]) -> Finding:
    worst = max(lacking, key=_severity)
    distribution, name = worst.file.distribution, worst.file.path.rpartition("/")[2]
    others = f" and {plural(len(lacking) - 1, 'more file')}" if lacking[1:] else ""
    more = f" and {plural(worst.count - 1, 'more symbol')}" if worst.count > 1 else ""
    where = "nothing that is loaded with it defines" if worst.elsewhere else "nothing defines"
    return Finding(
        severity=_severity(worst),
        subject=distribution.name,
        message=f"{name}{others} of {distribution.title} can't be loaded: {where} {worst.names[0]}{more}.",
        evidence=worst.proof,
        fix=Fix(
            text=f"Install another release of {distribution.name}, or build it again with the library that defines "
            f"{worst.names[0]}; envdoctor tells which releases there are.",
            commands=matrix_command(distribution.name),
        ),
    )


def _severity(one: UndefinedSymbols) -> Severity:
    """A library that no import is known to open may be for another program, which has the symbols."""
    if one.imported:
        return Severity.ERROR
    return Severity.WARNING if one.file.is_module else Severity.INFO
