"""Whether installed extension modules need symbols that nothing defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """An extension module needs a symbol that nothing on this machine defines.

    ld.so binds a file's data, and in a file that asks for it (BIND_NOW) functions too, while it loads it: "undefined
    symbol". Told are names that no library which the module loads defines, nor any other native file of the
    environment, nor the system; versions, functions that are bound at their first call, and libraries elsewhere that a
    program loads before are not looked at. The file was built wrongly, or beside another version of what it needs: take
    another release of the distribution, or of the one that is to define the symbol.
    """
    rows: dict[str, list[UndefinedSymbols]] = {}
    for one in facts.loading.symbols:
        rows.setdefault(one.file.distribution.key, []).append(one)
    for lacking in rows.values():
        worst = max(lacking, key=lambda one: one.imported)
        distribution, name = worst.file.distribution, worst.file.path.rpartition("/")[2]
        others = f" and {plural(len(lacking) - 1, 'more module')}" if lacking[1:] else ""
        more = f" and {plural(len(worst.names) - 1, 'more symbol')}" if worst.names[1:] else ""
        yield Finding(
            severity=Severity.ERROR if worst.imported else Severity.WARNING,
            subject=distribution.name,
            message=f"{name}{others} of {distribution.title} can't be loaded: nothing defines {worst.names[0]}{more}.",
            evidence=worst.proof,
            fix=Fix(
                text=f"Install another release of {distribution.name}, or build it again with the library that defines "
                f"{worst.names[0]}; envdoctor tells which releases there are.",
                commands=matrix_command(distribution.name),
            ),
        )
