"""Which package of a Linux distribution holds a shared library, as data/system_packages.toml says."""

from __future__ import annotations

from typing import Any

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen


@frozen
class SystemPackage:
    """A package of the system, and the command that installs it."""

    name: str
    command: tuple[str, ...]


def package_of(library: str, distribution: str) -> SystemPackage | None:
    """The package that holds a library; None where the table knows neither the one nor the other.

    Args:
        library: a soname, such as libGL.so.1.
        distribution: the short name that os-release(5) gives as ID.
    """
    table: dict[str, Any] = load_table("system_packages")
    names = table["packages"].get(library.lower(), {})
    for family, row in table["families"].items():
        if distribution in row["like"] and family in names:
            return SystemPackage(name=names[family], command=(*row["install"], names[family]))
    return None


def package_of_name(name: str, distribution: str) -> SystemPackage | None:
    """The package that holds a library in any version, by its file name or by what stands between `lib` and `.so`."""
    stem = name.partition(".so")[0].removeprefix("lib")
    libraries = load_table("system_packages")["packages"]
    fitting = (library for library in libraries if library.startswith(f"lib{stem.lower()}.so"))
    return next(filter(None, (package_of(library, distribution) for library in fitting)), None)
