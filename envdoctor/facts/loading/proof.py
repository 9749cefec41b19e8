"""What proves that a library is missing, and what would bring it: for the probes that tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Fix
from envdoctor.facts.packages.installers import installer_for, matrix_command
from envdoctor.support.system_packages import package_of

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.loading import MissingLibrary

_MOST_PATHS = 12


def proof_of(missing: MissingLibrary, distribution: Distribution) -> tuple[Evidence, ...]:
    """The file that needs a library, and every path that the loader tries for it, in order."""
    tried = [f"{each.path} ({each.rule}): {each.problem}" for each in missing.considered]
    if len(tried) > _MOST_PATHS:
        tried[_MOST_PATHS:] = [f"and {len(tried) - _MOST_PATHS} more"]
    words = "\n".join(tried) or "none: no search path leads anywhere"
    return (
        Evidence(source=full_path(missing.loaders[0], distribution), excerpt=f"needs {missing.name}"),
        Evidence(source="paths considered, in order", excerpt=words),
    )


def full_path(shown: str, distribution: Distribution) -> str:
    """The path of a file that is told from site-packages."""
    return shown if shown.startswith("/") or shown[1:2] == ":" else f"{distribution.root}/{shown}"


def fix_for(missing: MissingLibrary, distribution: Distribution, facts: Facts) -> Fix:
    """What would bring a library: its own distribution again, a system's package, another distribution, or a search."""
    file = missing.name.rpartition("/")[2]
    installer = installer_for(facts.python, facts.packages, distribution)
    for record in facts.records.records:
        lost = any(path.rpartition("/")[2] == file for path in record.missing)
        owner = installer_for(facts.python, facts.packages, record.distribution)
        if lost and owner is not None:
            text = f"{record.distribution.title} had installed it, and it is gone: install that version again."
            return owner.again(record.distribution, text)
    package = package_of(file, facts.host.distribution) if facts.host.system == "linux" else None
    if package is not None:
        return Fix(text=f"Install the system's package {package.name}.", commands=(package.command,), safe=True)
    provider = missing.provider
    if provider is None:
        text = f"Install a version of {distribution.name} whose files load here; envdoctor tells which ones do."
        return Fix(text=text, commands=matrix_command(distribution.name), safe=True)
    commands = installer.install(provider.name) if provider.kind == "wheel" and installer is not None else ()
    return Fix(text=f"Install what supplies it: {provider.name}.", commands=commands)
