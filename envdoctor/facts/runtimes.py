"""Runtimes of other languages that installed packages start, and that no metadata can ask for: .NET and Java.

Sources: .NET's "Install location search for .NET" (DOTNET_ROOT, /etc/dotnet/install_location, the default folder) and
"Select the .NET version to use" (roll forward to a later minor version); a `java` is found by JAVA_HOME or PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

import msgspec

from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

_CONFIG = ".runtimeconfig.json"
_MOST_BYTES, _MOST_MODULES = 256 << 10, 40
_LOCATION = "/etc/dotnet/install_location"
_DEFAULT_DOTNET = {
    "linux": ("/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet"),
    "darwin": ("/usr/local/share/dotnet",),
    "win32": (r"C:\Program Files\dotnet",),
}
_STARTS_JAVA = re.compile(r"""["']java(?:\.exe)?["']|\bJAVA_HOME\b|\bget_?default_?jvm|\bstartJVM\b""", re.IGNORECASE)


class _Framework(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Options(msgspec.Struct):
    framework: _Framework | None = None
    frameworks: list[_Framework] = []


class _RuntimeConfig(msgspec.Struct):
    runtimeOptions: _Options  # noqa: N815  (the file's own name)


@frozen
class MissingRuntime:
    """A runtime that a distribution starts and that is not on this machine.

    Attributes:
        runtime: as a person installs it: ``.NET 7.0``, ``Java``.
        path: the file that shows the need.
        excerpt: what in it does.
        searched: the places that were looked at.
        present: what there is of the runtime, in other versions.
    """

    distribution: Distribution
    runtime: str
    path: str
    excerpt: str
    searched: tuple[str, ...]
    present: tuple[str, ...] = ()


@frozen
class Runtimes:
    """All that is missing."""

    missing: tuple[MissingRuntime, ...] = ()


def derive(facts: Facts) -> Runtimes:
    """Look at the files of the distributions in use.

    Raises:
        FactUnavailable: the RECORDs could not be read.
    """
    active = {one.metadata for one in facts.packages.active().values()}
    found: list[MissingRuntime] = []
    for record in facts.records.records:
        if record.distribution.metadata in active:
            found += [*_dotnet(record), *_java(record)]
    return Runtimes(missing=tuple(found))


def _dotnet(record: Record) -> Iterator[MissingRuntime]:
    for path in record.paths:
        if not path.endswith(_CONFIG):
            continue
        file = os.path.join(record.distribution.root, path)
        for framework in _frameworks(file):
            roots = tuple(dict.fromkeys(_dotnet_roots()))
            present = tuple(version for root in roots for version in _versions(root, framework.name))
            if not any(_serves(version, framework.version) for version in present):
                yield MissingRuntime(
                    distribution=record.distribution,
                    runtime=f".NET {'.'.join(framework.version.split('.')[:2])}",
                    path=file,
                    excerpt=f"framework {framework.name} {framework.version}",
                    searched=roots,
                    present=present,
                )


def _frameworks(file: str) -> list[_Framework]:
    try:
        options = msgspec.json.decode(read_head(file, _MOST_BYTES), type=_RuntimeConfig).runtimeOptions
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return []
    named = [options.framework] if options.framework else options.frameworks
    return [
        one for one in named if re.fullmatch(r"[\w.]{1,80}", one.name) and re.fullmatch(r"\d[\w.-]{0,40}", one.version)
    ]


def _dotnet_roots() -> Iterator[str]:
    """Where .NET's host looks, the first that is set alone."""
    if root := os.environ.get("DOTNET_ROOT"):
        yield root
        return
    try:
        yield read_head(_LOCATION, 4096).decode("utf-8", "replace").splitlines()[0].strip()
    except (OSError, IndexError):
        yield from _DEFAULT_DOTNET.get(sys.platform, ())


def places_of_dotnet() -> Iterator[str]:
    """The files and folders that tell which .NET there is."""
    yield _LOCATION
    for root in _dotnet_roots():
        shared = os.path.join(root, "shared")
        yield from (root, os.path.join(root, "host"), os.path.join(root, "host", "fxr"), shared)
        if os.path.isdir(shared):
            yield from (os.path.join(shared, name) for name in sorted(os.listdir(shared)))


def _versions(root: str, framework: str) -> list[str]:
    try:
        return sorted(os.listdir(os.path.join(root, "shared", framework))) if _has_host(root) else []
    except OSError:
        return []


def _has_host(root: str) -> bool:
    """Whether a folder holds the library that starts .NET, host/fxr/VERSION/libhostfxr.so."""
    return os.path.isdir(os.path.join(root, "host", "fxr"))


def _serves(present: str, wanted: str) -> bool:
    """Whether a version is the wanted one or a later minor version of it."""
    return _numbers(present)[:1] == _numbers(wanted)[:1] and _numbers(present) >= _numbers(wanted)


def _numbers(version: str) -> list[int]:
    return [int(part[:9]) for part in re.findall(r"\d+", version.partition("-")[0])]


def _java(record: Record) -> Iterator[MissingRuntime]:
    archive = next((path for path in record.paths if path.endswith(".jar")), "")
    if not archive or _has_java():
        return
    for path in _modules(record.paths):
        file = os.path.join(record.distribution.root, path)
        try:
            said = _STARTS_JAVA.search(read_head(file, _MOST_BYTES).decode("utf-8", "replace"))
        except OSError:
            continue
        if said:
            yield MissingRuntime(
                distribution=record.distribution,
                runtime="Java",
                path=file,
                excerpt=f"{said[0]}, beside {archive}",
                searched=("JAVA_HOME", "PATH"),
            )
            return


def _modules(paths: Iterable[str]) -> list[str]:
    """The modules nearest to the top, where a package starts what it needs."""
    own = [path for path in paths if path.endswith(".py") and not path.startswith("..")]
    return sorted(own, key=lambda path: path.count("/"))[:_MOST_MODULES]


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME", "")
    name = "java.exe" if sys.platform == "win32" else "java"
    return bool(home and os.path.isfile(os.path.join(home, "bin", name))) or shutil.which("java") is not None
