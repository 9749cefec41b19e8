"""A machine to run Python packages on, any machine: platform and interpreter, as tags and markers see them."""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag

# PEP 600: a manylinux tag names a glibc; PEP 513, 571 and 599 gave three of them names of their own.
LEGACY_MANYLINUX = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
_OLDEST_GLIBC_ELSEWHERE = 17
# PyPy's own version and ABI, the same for every release since 2019; part of its wheels' tags.
_PYPY_VERSION, _PYPY_ABI = "7.3.0", "pp73"
#: Stands for the newest patch release of a Python; more than any minor version has had.
NEWEST_PATCH = 99


class System(enum.Enum):
    """The operating systems that wheels are built for."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


class Libc(enum.Enum):
    """The C library of a Linux system, which decides what wheels load."""

    GLIBC = "glibc"
    MUSL = "musl"


@frozen
class Platform:
    """The machine without its Python.

    Attributes:
        system: the operating system.
        arch: as the system's wheels spell it; data/targets.toml has the list.
        version: of the C library on Linux, of macOS on macOS; None on Windows.
        libc: on Linux only.
    """

    system: System
    arch: str
    version: tuple[int, int] | None = None
    libc: Libc | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The platform part of the tags it accepts, best first."""
        return _platform_tags(self)


@frozen
class Interpreter:
    """A Python, as far as packages can tell.

    Attributes:
        implementation: ``cp`` for CPython, ``pp`` for PyPy.
        version: major and minor.
        patch: None stands for the newest release, which most have, whatever its number is.
        free_threaded: built without the global interpreter lock (``cp313t``).
    """

    implementation: str = "cp"
    version: tuple[int, int]
    patch: int | None = None
    free_threaded: bool = False

    @property
    def name(self) -> str:
        """The short name: ``cp311``, ``cp313t``, ``pp310``."""
        return f"{self.implementation}{self.version[0]}{self.version[1]}{'t' if self.free_threaded else ''}"

    @property
    def short_version(self) -> str:
        """``3.11``."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def full_version(self) -> str:
        """``3.11.7``, what ``Requires-Python`` is held against."""
        return f"{self.short_version}.{NEWEST_PATCH if self.patch is None else self.patch}"


@frozen
class Target:
    """A platform with an interpreter on it."""

    platform: Platform
    interpreter: Interpreter

    def __hash__(self) -> int:
        """Of what mostly differs: what depends on a target is looked up by it all the time."""
        return hash((self.platform.arch, self.interpreter.version))

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Every tag that an installer there accepts, best first (PEP 425)."""
        return _tags(self)

    @property
    def tag_set(self) -> frozenset[Tag]:
        """The same without an order."""
        return _tag_set(self)

    def accepts(self, tags: frozenset[Tag]) -> bool:
        """Whether a wheel with these tags can be installed there."""
        return not self.tag_set.isdisjoint(tags)

    @property
    def markers(self) -> dict[str, str]:
        """The environment that markers are evaluated in (PEP 508); the kernel's release and version are not known."""
        system = self.platform.system
        python = self.interpreter
        cpython = python.implementation == "cp"
        return {
            "implementation_name": "cpython" if cpython else "pypy",
            "implementation_version": python.full_version if cpython else _PYPY_VERSION,
            "os_name": "nt" if system is System.WINDOWS else "posix",
            "platform_machine": machine(self.platform),
            "platform_python_implementation": "CPython" if cpython else "PyPy",
            "platform_release": "",
            "platform_system": {System.LINUX: "Linux", System.MACOS: "Darwin", System.WINDOWS: "Windows"}[system],
            "platform_version": "",
            "python_full_version": python.full_version,
            "python_version": python.short_version,
            "sys_platform": {System.LINUX: "linux", System.MACOS: "darwin", System.WINDOWS: "win32"}[system],
        }


def machine(platform: Platform) -> str:
    """What ``platform.machine()`` says there; Windows shouts, and a universal build runs as arm64 on a new Mac."""
    if platform.system is System.WINDOWS:
        return {"amd64": "AMD64", "arm64": "ARM64"}.get(platform.arch, platform.arch)
    return "arm64" if platform.arch == "universal2" else platform.arch


@lru_cache(maxsize=64)
def _platform_tags(platform: Platform) -> tuple[str, ...]:
    if platform.system is System.WINDOWS:
        return ("win32",) if platform.arch == "x86" else (f"win_{platform.arch}",)
    if platform.version is None:
        raise UsageProblem(f"A {platform.system.value} platform needs a version to say which wheels it takes.")
    if platform.system is System.MACOS:
        from packaging.tags import mac_platforms

        return tuple(mac_platforms(platform.version, platform.arch))
    return (f"linux_{platform.arch}", *_linux_tags(platform.arch, platform.version, platform.libc))


def _linux_tags(arch: str, version: tuple[int, int], libc: Libc | None) -> Iterator[str]:
    major, newest = version
    if libc is Libc.MUSL:
        yield from (f"musllinux_{major}_{minor}_{arch}" for minor in range(newest, -1, -1))
        return
    for minor in range(newest, _OLDEST_GLIBC.get(arch, _OLDEST_GLIBC_ELSEWHERE) - 1, -1):
        yield f"manylinux_{major}_{minor}_{arch}"
        if (major, minor) in LEGACY_MANYLINUX:
            yield f"{LEGACY_MANYLINUX[major, minor]}_{arch}"


# CPython 3.8 dropped the m from its ABI's name ("What's New In Python 3.8", changes in the build).
_WITHOUT_PYMALLOC_FLAG = (3, 8)


@lru_cache(maxsize=256)
def _tags(target: Target) -> tuple[Tag, ...]:
    from packaging.tags import compatible_tags, cpython_tags, generic_tags

    python, platforms = target.interpreter, target.platform.tags
    if python.implementation == "pp":
        abi = f"pypy{python.version[0]}{python.version[1]}_{_PYPY_ABI}"
        own = generic_tags(python.name, [abi, "none"], platforms)
        return (*own, *compatible_tags(python.version, "pp3", platforms))
    pymalloc = "m" if python.version < _WITHOUT_PYMALLOC_FLAG else ""
    own = cpython_tags(python.version, [f"{python.name}{pymalloc}"], platforms)
    return (*own, *compatible_tags(python.version, python.name.rstrip("t"), platforms))


@lru_cache(maxsize=256)
def _tag_set(target: Target) -> frozenset[Tag]:
    return frozenset(_tags(target))
