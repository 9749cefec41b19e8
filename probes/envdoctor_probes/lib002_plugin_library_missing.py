"""Which libraries optional parts of the installed distributions lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.loading.proof import full_path
from envdoctor.probing import probe
from envdoctor.support.system_packages import package_of
from envdoctor.support.text import few

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.loading import MissingLibrary

_MOST_SUPPLIERS, _MOST_FILES = 6, 5


@probe("LIB002")
def check(facts: Facts) -> Iterator[Finding]:
    """An optional plug-in needs a library that is not there.

    Wheels carry plug-ins for accelerators, databases and desktops that most machines don't have; no import loads them,
    or the import goes on without them. This is no fault. Who wants to use such a part, the delegate for a vendor's
    accelerator say, has to install the library that it names.
    """
    for distribution, analysis in facts.loading.analyses:
        lacking = [one for one in analysis.missing if one.severity is Severity.INFO]
        if lacking:
            shown = list(_by_supplier(lacking, facts))
            yield Finding(
                severity=Severity.INFO,
                subject=distribution.name,
                message=f"Optional parts of {distribution.title} need libraries that are not there: "
                f"{few(shown, _MOST_SUPPLIERS)}.",
                evidence=tuple(_by_file(lacking, distribution))[:_MOST_FILES],
            )


def _by_supplier(lacking: Sequence[MissingLibrary], facts: Facts) -> Iterator[str]:
    """The libraries in few words: of several from one place the first stands for all."""
    suppliers: dict[str, list[str]] = {}
    for one in lacking:
        suppliers.setdefault(_supplier(one, facts), []).append(one.name)
    for supplier, names in suppliers.items():
        yield from (f"{few(names, 1)} from {supplier}",) if supplier else names


def _supplier(missing: MissingLibrary, facts: Facts) -> str:
    """Who brings a library; empty if that is not known."""
    package = package_of(missing.name, facts.host.distribution) if facts.host.system == "linux" else None
    if package is not None:
        return f"the system's package {package.name}"
    return missing.provider.name if missing.provider else ""


def _by_file(lacking: Sequence[MissingLibrary], distribution: Distribution) -> Iterator[Evidence]:
    files: dict[str, list[str]] = {}
    for one in lacking:
        files.setdefault(one.loaders[0], []).append(one.name)
    for file, names in files.items():
        yield Evidence(source=full_path(file, distribution), excerpt=f"needs {', '.join(names)}")
