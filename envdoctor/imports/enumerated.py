"""What `pkgutil` finds in folders of the site: the modules of a package that imports them all.

Source: `pkgutil.iter_modules` (names in order, `__init__` left out) and "What's New In Python 3.12" (finders no longer
have `find_module`).
"""

from __future__ import annotations

import functools
import posixpath
from typing import TYPE_CHECKING, Any

from envdoctor.imports.escapes import PATHS
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in
from envdoctor.imports.paths import text_of
from envdoctor.imports.site import Presence
from envdoctor.imports.standard_names import standard_lost
from envdoctor.imports.values import UNKNOWN, Made, OwnPath, Passing

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

#: The parameters of its functions.
PARAMETERS = {
    "pkgutil.iter_modules": ("path", "prefix"),
    "pkgutil.walk_packages": ("path", "prefix", "onerror"),
}
FINDER = "importlib.machinery.FileFinder"
ENTRY_POINTS = "importlib.metadata.entry_points"
#: The classes of what is made, by what it is known as.
MADE_BY = {FINDER: FINDER, ENTRY_POINTS: "importlib.metadata.EntryPoints"}
_PARTS = ("module_finder", "name", "ispkg")  # of pkgutil.ModuleInfo


def functions(machine: Machine) -> dict[str, Callable[[tuple[Any, ...], Scope, State], Any]]:
    """What calls come to, by the full names of what is called."""
    return {name: functools.partial(_modules, machine, name) for name in PARAMETERS}


def part_of_info(info: tuple[Any, ...], name: str) -> Any:  # noqa: ANN401
    """An attribute of what `pkgutil` tells of a module; None for a tuple that is no such thing, and for a method."""
    is_info = len(info) == len(_PARTS) and isinstance(info[0], Made) and info[0].maker == FINDER
    return info[_PARTS.index(name)] if is_info and name in _PARTS else None


def require_still_has(machine: Machine, maker: str, name: str, state: State) -> None:
    """Ask what a function of Python's own made for an attribute.

    Raises:
        Raised: this Python certainly no longer gives it any of that name.
    """
    kind = MADE_BY[maker]
    if standard_lost(kind, name, machine.site.target):
        event = machine.emit(What.USE, kind, state, name=name, fails=True)
        raise Raised(built_in("AttributeError", event))


def _modules(machine: Machine, function: str, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
    """The modules in some folders, as far as all are known; `walk_packages` imports packages, which is not followed."""
    path, prefix = values[0] if values else UNKNOWN, values[1] if len(values) > 1 else ""
    folders = _folders(machine, path, state)
    every = [] if folders is None or not isinstance(prefix, str) else [machine.site.modules_in(one) for one in folders]
    if not every or None in every or machine.escapes.finders:
        machine.opaque(state, *values)
        return UNKNOWN
    found: dict[str, tuple[Any, ...]] = {}
    for folder, modules in zip(folders or (), every, strict=True):
        for name, is_package in modules or ():
            found.setdefault(name, (Made(FINDER, (folder,)), f"{prefix}{name}", is_package))
    if function.endswith("walk_packages") and any(is_package for _, _, is_package in found.values()):
        machine.opaque(state, *values)
        return UNKNOWN
    return Passing(tuple(found.values()))


def _folders(machine: Machine, path: Any, state: State) -> list[str] | None:  # noqa: ANN401
    """The folders, from site-packages, that a package is searched in, or that a list holds; None for others."""
    if isinstance(path, Made) and path.maker == PATHS:
        found = machine.imports.find(path.arguments[0])
        changed = path.arguments[0] in machine.escapes.searched or found.presence is not Presence.TEXT
        return None if changed or not found.is_package else [posixpath.dirname(found.path)]
    items = machine.expressions.items(path, state)
    texts = [text_of(each) for each in items or ()] if not isinstance(path, str) else []
    owned = [each.text[1:] for each in texts if isinstance(each, OwnPath)]
    return owned if owned and len(owned) == len(texts) else None
