"""The exact commands that mend an environment, for the installer that it uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.facts.packages import Distribution, Packages
    from envdoctor.facts.python import Python

Argv = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """One installer, told which environment to work on.

    Attributes:
        name: `pip`, `uv` or `conda`.
        installs, reinstalls, removes: the beginnings of its commands; pins or names follow.
        pin: what stands between a name and a version.
    """

    name: str
    installs: Argv
    reinstalls: Argv
    removes: Argv
    pin: str = "=="

    def install(self, *requirements: str) -> Argv:
        """Install what meets these requirements, changing versions where that takes it."""
        return (*self.installs, *requirements)

    def reinstall(self, *distributions: Distribution) -> Argv:
        """Put back the files of distributions, in the version that they have, and nothing else."""
        return (*self.reinstalls, *(f"{one.name}{self.pin}{one.version}" for one in distributions))

    def remove(self, *distributions: Distribution) -> Argv:
        """Remove distributions."""
        return (*self.removes, *(one.name for one in distributions))


def installer_for(python: Python, packages: Packages, distribution: Distribution | None = None) -> Installer | None:
    """The installer that looks after a distribution, or that would install a new one.

    Returns:
        None where only the operating system's package manager may.
    """
    if distribution is not None and distribution.system:
        return None
    told = "" if distribution is None else distribution.installer
    if told == "conda":
        return _conda(python)
    if told == "uv" or packages.find("pip") is None:
        return _uv(python)
    return _pip(python)


def _pip(python: Python) -> Installer:
    pip = (python.executable, "-m", "pip")
    forced = ("--break-system-packages",) if python.externally_managed else ()
    install = (*pip, "install", *forced)
    return Installer(
        name="pip",
        installs=install,
        reinstalls=(*install, "--force-reinstall", "--no-deps"),
        removes=(*pip, "uninstall", "--yes", *forced),
    )


def _uv(python: Python) -> Installer:
    where = ("--python", python.executable)
    forced = ("--break-system-packages",) if python.externally_managed else ()
    install = ("uv", "pip", "install", *where, *forced)
    return Installer(
        name="uv",
        installs=install,
        reinstalls=(*install, "--reinstall", "--no-deps"),
        removes=("uv", "pip", "uninstall", *where, *forced),
    )


def _conda(python: Python) -> Installer:
    where = ("--prefix", python.prefix, "--yes")
    return Installer(
        name="conda",
        installs=("conda", "install", *where),
        reinstalls=("conda", "install", *where, "--force-reinstall", "--no-deps"),
        removes=("conda", "remove", *where),
        pin="=",
    )
