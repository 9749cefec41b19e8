"""What of each installed distribution is imported by those who use it: its packages, and what its commands enter."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.facts.loading.contents import member_of
from envdoctor.imports.site import Presence
from envdoctor.imports.surface import import_surface
from envdoctor.support.files import head_text, read_head
from envdoctor.wheels.contents import Effort, WheelContents, import_names
from envdoctor.wheels.metadata import WheelMetadata, parse_scripts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envdoctor.facts.importing.modules import Modules
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.surface import Entrance

_MOST_BYTES = 1 << 20
_CODE = (".py", ".so", ".pyd")
_DEEPEST = 4  # slashes in the path of a package in namespaces
_NESTED = 3  # parts of a path that say which package it belongs to, in a namespace too


def entrances_of(distribution: Distribution, paths: Sequence[str], modules: Modules) -> tuple[Entrance, ...]:
    """What is imported by those who use a distribution, as far as it is that distribution's.

    Packages that matter less than its main one are left out: a test module may need what nobody asked for.

    Args:
        distribution: whose.
        paths: its files, from its root.
        modules: of the environment: another distribution may come first with the same name.
    """
    surface = all_entrances_of(distribution, paths, modules)
    has_main = any(each.severity is Severity.ERROR and not each.command for each in surface)
    return tuple(each for each in surface if each.command or each.severity is Severity.ERROR or not has_main)


def all_entrances_of(distribution: Distribution, paths: Sequence[str], modules: Modules) -> tuple[Entrance, ...]:
    """All packages of a distribution that somebody may import, and what its commands enter."""
    surface = import_surface(_outline(distribution, paths))
    return tuple(each for each in surface if _is_in(modules, each.module, distribution.root))


def commands_of(distribution: Distribution) -> tuple[Entrance, ...]:
    """All commands of a distribution, those that enter its packages themselves too."""
    return import_surface(_outline(distribution, ()))


def _is_in(modules: Modules, module: str, root: str) -> bool:
    place = modules.find(modules.unit(module))
    return place.presence in {Presence.TEXT, Presence.NATIVE} and place.path.startswith(root + "/")


def _outline(distribution: Distribution, paths: Sequence[str]) -> WheelContents:
    """A distribution as what its wheel would be, but for what lies deep in its packages."""
    outline: dict[str, None] = {}
    deep: set[str] = set()
    for path in paths:
        parts = path.split("/", _NESTED)
        folder = parts[0]
        is_package = path.count("/") <= _DEEPEST and path.endswith("/__init__.py")
        if len(parts) <= _NESTED or is_package or (folder not in deep and path.endswith(_CODE)):
            outline[path] = None
            if len(parts) > _NESTED and not is_package:
                deep.add(folder)
    members = {path: member_of(path) for path in outline}
    metadata = WheelMetadata(
        folder="",
        name=distribution.name,
        version=distribution.version,
        requires=distribution.requires,
        scripts=parse_scripts(_entry_points(distribution)),
    )
    effort = Effort(size=0, bytes_read=0, reads=0)
    return WheelContents(metadata=metadata, members=members, imports=import_names(members), natives=(), effort=effort)


def _entry_points(distribution: Distribution) -> str:
    folder = f"{distribution.metadata}/EGG-INFO" if distribution.metadata.endswith(".egg") else distribution.metadata
    return head_text(f"{folder}/entry_points.txt", _MOST_BYTES)


def units_of(paths: Iterable[str], modules: Modules) -> tuple[str, ...]:
    """The packages (`Modules.unit`) that a distribution's files are in."""
    starts: dict[str, None] = {}
    for path in paths:
        if path.endswith(_CODE) and not path.startswith((".", "/")):
            starts["/".join(path.split("/", _NESTED)[:_NESTED])] = None
    names = (_module_name(start.split("/")) for start in starts)
    return tuple(dict.fromkeys(modules.unit(name) for name in names if name))


def _module_name(parts: Sequence[str]) -> str:
    stems = [*parts[:-1], parts[-1].partition(".")[0]]
    stems = stems[:-1] if stems[-1] == "__init__" else stems
    return ".".join(stems) if stems and all(stem.isidentifier() for stem in stems) else ""


def missing_interpreter(path: str) -> str:
    """The interpreter that a script's first line names, if that is not there; "" if it is, or nothing is named."""
    program = interpreter_of(path)
    return program if posixpath.isabs(program) and not os.path.exists(program) else ""


def interpreter_of(path: str) -> str:
    """The interpreter that a script's first line names; "" for none.

    Rules: execve(2), and the form of distlib and pip for paths that are long or have spaces: `#!/bin/sh`, then `exec`.
    """
    try:
        lines = read_head(path, 1024).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    if not lines or not lines[0].startswith("#!"):
        return ""
    words = lines[0][2:].split()
    program = words[0] if words else ""
    if program == "/bin/sh" and len(lines) > 1 and lines[1].startswith("'''exec' "):
        rest = lines[1].removeprefix("'''exec' ").strip()
        program = rest[1:].partition('"')[0] if rest.startswith('"') else rest.partition(" ")[0]
    return program


def scripts_of(paths: Iterable[str], root: str) -> Mapping[str, str]:
    """The installed scripts of a distribution: their names and paths."""
    found = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder.startswith("../") and folder.rpartition("/")[2] in {"bin", "Scripts"} and not name.endswith(".pyc"):
            found[name] = os.path.normpath(f"{root}/{path}")
    return found
