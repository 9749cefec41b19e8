"""Whether extension modules were built for another processor or system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.natives import fits_machine, is_of_other_machine
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG008")
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution's extension modules were built for another processor or system.

    An environment that was copied, or mounted into a container of another kind, holds modules that this machine can't
    load: "wrong ELF class", "invalid ELF header", "incompatible architecture". Environments can't be moved between
    machines of different kinds; make it anew here. Files for other processors beside the modules, such as the code that
    runs on a phone's accelerator, are no problem.
    """
    python = facts.python
    system = python.markers.get("sys_platform", "")
    for distribution, _ in facts.natives.wheel_tags:
        files = [one for one in facts.natives.modules_of(distribution) if one.library]
        modules = [one for one in files if one.importable]
        modules = modules or [one for one in files if is_of_other_machine(one, python)]
        wrong = [one for one in modules if one.library and not fits_machine(one.library, python.machine, system)]
        if not wrong or (len(wrong) < len(modules) and not any(one.is_tagged for one in wrong)):
            continue
        library = wrong[0].library
        kind = f"{library.format.value} for {', '.join(library.architectures)}" if library else ""
        installer = installer_for(python, facts.packages, distribution)
        yield Finding(
            severity=Severity.ERROR,
            subject=distribution.name,
            message=f"{len(wrong)} of the {len(modules)} extension modules of {distribution.title} are {kind}; "
            f"this Python is for {python.machine}.",
            evidence=(
                Evidence(source=wrong[0].path, excerpt=kind),
                Evidence(source=python.executable, excerpt=python.described),
            ),
            fix=None if installer is None else installer.again(distribution, "Install it again on this machine."),
        )
