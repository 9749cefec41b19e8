"""Which Python an environment is made with, or why none will do. Pure."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.support.text import few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envdoctor.environments.interpreters import Interpreter
    from envdoctor.environments.spec import EnvironmentSpec, PlatformNeed

_SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the wheels of an environment ask of a machine; None for what is not known and so not held against it."""

    glibc: tuple[int, ...] | None = None
    macos: tuple[int, ...] | None = None

    @classmethod
    def here(cls) -> Machine:
        """This machine."""
        macos = _numbers(platform.mac_ver()[0])
        return cls(glibc=_glibc(), macos=None if macos == (10, 16) else macos)  # 10.16: "11 or later", to old Pythons


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The outcome.

    Attributes:
        interpreter: the Python to use; None if none will do.
        need: what the environment takes on its platform.
        reason: why none will do, naming which Pythons would and which were found.
        pythons: versions of Python of which one would have to be installed; empty if that would not help.
    """

    interpreter: Interpreter | None = None
    need: PlatformNeed | None = None
    reason: str = ""
    pythons: tuple[str, ...] = ()


def choose(
    spec: EnvironmentSpec,
    own: Interpreter | None,
    others: Callable[[], Iterable[Interpreter]],
    machine: Machine,
) -> Choice:
    """Choose the user's own Python if it fits, else the one of the version that the environment prefers.

    Args:
        spec: what is to be made.
        own: the user's own Python.
        others: finds all Pythons of the machine; asked only where the user's own does not fit.
        machine: what runs it.
    """
    if own is not None and _fits(spec, own, machine):
        return Choice(interpreter=own, need=spec.platforms[own.platform])
    found = tuple(others())
    fitting = sorted((one for one in found if _fits(spec, one, machine)), key=lambda one: spec.pythons.index(one.minor))
    if fitting:
        return Choice(interpreter=fitting[0], need=spec.platforms[fitting[0].platform])
    return _none(spec, (*((own,) if own else ()), *found), machine)


def _fits(spec: EnvironmentSpec, one: Interpreter, machine: Machine) -> bool:
    return _platform_fits(spec, one, machine) and one.minor in spec.pythons and _is_plain(one)


def _platform_fits(spec: EnvironmentSpec, one: Interpreter, machine: Machine) -> bool:
    return one.platform in spec.platforms and one.libc != "musl" and not _too_old(spec.platforms[one.platform], machine)


def _is_plain(one: Interpreter) -> bool:
    return one.implementation == "cpython" and one.variant == "default"


def _too_old(need: PlatformNeed, machine: Machine) -> str:
    for name, wanted, there in (("glibc", need.glibc, machine.glibc), ("macOS", need.macos, machine.macos)):
        if wanted and there and there < wanted:
            return f"needs {name} {_dotted(wanted)} or later, and this machine has {_dotted(there)}"
    return ""


def _none(spec: EnvironmentSpec, found: tuple[Interpreter, ...], machine: Machine) -> Choice:
    for one in found:
        if one.platform in spec.platforms and (why := _too_old(spec.platforms[one.platform], machine)):
            return Choice(reason=f"{spec.title} {why}")
    versions = " or ".join(spec.pythons)
    there = _described(found)
    if any(_platform_fits(spec, one, machine) for one in found):
        return Choice(
            reason=f"{spec.title} needs CPython {versions}, and none was found among: {there}", pythons=spec.pythons
        )
    exists = ", ".join(spec.platforms)
    musl = " with glibc" if any(one.libc == "musl" and one.platform in spec.platforms for one in found) else ""
    return Choice(reason=f"{spec.title} exists for {exists}{musl} only, and the Pythons found here are: {there}")


def _described(found: tuple[Interpreter, ...]) -> str:
    unique = list(dict.fromkeys(map(str, found)))
    return few(unique, _SHOWN) or "no Python that runs"


def _glibc() -> tuple[int, ...] | None:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, ValueError, OSError):  # no glibc, or no confstr at all
        return None
    return _numbers(version) if name == "glibc" else None


def _numbers(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
