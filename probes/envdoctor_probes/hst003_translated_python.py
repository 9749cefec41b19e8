"""Whether Python's machine code is translated for a processor of another architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import new_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: Pairs that one processor runs without translation: a 64-bit one its 32-bit predecessor's code.
_NATIVE = frozenset(
    {("x86_64", "i686"), ("x86_64", "x86"), ("aarch64", "armv7l"), ("armv6l", "armv7l"), ("i586", "i686")}
)


@probe("HST003")
def check(facts: Facts) -> Iterator[Finding]:
    """Python runs translated, by Rosetta or an emulator.

    A Python for x86_64 on an Apple silicon Mac (from an x86_64 Homebrew or conda, or a terminal opened with Rosetta),
    on Windows for Arm, or in a foreign container installs wheels for x86_64. On macOS there are none of the current
    toolchains; elsewhere they run many times slower, and stop if they use instructions that the translator does not
    know, as TensorFlow's AVX. Install a Python for the machine's own architecture.
    """
    host, python = facts.host, facts.python
    foreign = python.machine != host.machine and (host.machine, python.machine) not in _NATIVE
    if not foreign and not host.translated:
        return
    by = host.translated or "an emulator"
    yield Finding(
        severity=Severity.ERROR if host.system == "macos" else Severity.WARNING,
        subject=python.executable,
        message=f"This Python is for {python.machine} and runs through {by}, since the machine is another one.",
        evidence=(
            Evidence(source=python.executable, excerpt=python.described),
            Evidence(source=host.source("translated" if host.translated else "machine"), excerpt=_words(facts)),
        ),
        fix=new_environment("Make an environment with a Python for the machine's own architecture.", _fitting(facts)),
    )


def _words(facts: Facts) -> str:
    host = facts.host
    return f"{host.machine}, translated by {host.translated}" if host.translated else host.machine


def _fitting(facts: Facts) -> str:
    """The name by which uv finds the same version for the machine's own architecture."""
    host, python = facts.host, facts.python
    system = {"macos": "macos", "windows": "windows"}.get(host.system, "linux")
    machine = "aarch64" if host.machine == "arm64" else host.machine
    return f"cpython-{python.minor[0]}.{python.minor[1]}-{system}-{machine}"
