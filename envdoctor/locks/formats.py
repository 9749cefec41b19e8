"""A lock as a text: pylock.toml (PEP 751), a requirements file with hashes, or constraints."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from envdoctor import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.lock import Lock, LockedFile, LockedPackage

FORMATS = ("pylock", "requirements", "constraints")


def write_lock(lock: Lock, form: str, folder: Path) -> str:
    """The text of a lock.

    Args:
        lock: one that has packages.
        form: one of `FORMATS`.
        folder: of the file that it is written to; wheels on this machine's disk are named by a path from there.
    """
    return pylock(lock, folder) if form == "pylock" else requirements(lock, hashes=form == "requirements")


def pylock(lock: Lock, folder: Path) -> str:
    """By PEP 751, held against its rules by `packaging`; each package lists the wheels that were looked into only."""
    import tomli_w
    from packaging.markers import Marker
    from packaging.pylock import Pylock
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    made = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(text) for text in lock.markers],
        requires_python=SpecifierSet(lock.requires_python),
        created_by="envdoctor",
        packages=[_package(package, folder) for package in lock.packages],
        tool={"envdoctor": {"version": __version__, "requirements": list(lock.requirements), "as-of": lock.as_of}},
    )
    made.validate()
    return tomli_w.dumps(_plain(made.to_dict()))


def requirements(lock: Lock, *, hashes: bool) -> str:
    """Lines that pip and uv read: with hashes as requirements, without them as constraints."""
    return "".join(_line(package, hashes=hashes) for package in lock.packages)


def _line(package: LockedPackage, *, hashes: bool) -> str:
    marker = f" ; {package.marker}" if package.marker else ""
    told = sorted({f"    --hash=sha256:{file.sha256}" for file in package.files}) if hashes else []
    return " \\\n".join([f"{package.name}=={package.version}{marker}", *told]) + "\n"


def _package(package: LockedPackage, folder: Path) -> Any:  # noqa: ANN401  (packaging's class, imported late)
    from packaging.markers import Marker
    from packaging.pylock import Package
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    return Package(
        name=canonicalize_name(package.name),
        version=Version(package.version),
        marker=Marker(package.marker) if package.marker else None,
        wheels=[_wheel(file, folder) for file in package.files],
    )


def _wheel(file: LockedFile, folder: Path) -> Any:  # noqa: ANN401  (as above)
    from packaging.pylock import PackageWheel

    parts = urlsplit(file.url)
    local = parts.scheme == "file"
    path = _path(url2pathname(parts.path), folder) if local else None
    return PackageWheel(
        name=file.filename,
        url=None if local else file.url,
        path=path.replace(os.sep, "/") if path else None,
        size=file.size,
        upload_time=datetime.fromisoformat(file.uploaded) if file.uploaded else None,
        hashes={"sha256": file.sha256},
    )


def _path(file: str, folder: Path) -> str:
    """From the lock's folder to a wheel; the whole path where links would lead `..` elsewhere."""
    return os.path.relpath(file, folder) if folder.resolve() == folder else file


def _plain(value: Any) -> Any:  # noqa: ANN401  (what TOML can hold)
    """The same without empty tables and in lists and dictionaries alone."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one not in (None, "", {}, [])}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
