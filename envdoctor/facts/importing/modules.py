"""The modules of an environment, found as Python's path finder finds them; only folders are listed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import field
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.facts.packages.metadata import normalize
from envdoctor.imports.site import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TEXT, _COMPILED = ".py", ".pyc"
_DOT = re.compile(r"\.")
_METADATA = frozenset({"dist-info", "egg-info"})


@frozen
class Place:
    """Where one module is.

    Attributes:
        presence: TEXT, NATIVE, NAMESPACE; UNKNOWN for one that is there in another form, or where a folder could not
            be listed; ABSENT.
        path: its file.
        folders: where its submodules are looked for; () for a module that is no package.
    """

    presence: Presence
    path: str = ""
    folders: tuple[str, ...] = ()


@frozen
class Hooks:
    """Other ways in which modules are found here.

    Attributes:
        mapped: a module's name, and the file or folder that an editable install's finder gives for it.
        provided: names at the top that a finder may give.
        anything: whether a finder is there of which nothing is known.
    """

    mapped: Mapping[str, str] = field(default_factory=dict)
    provided: frozenset[str] = frozenset()
    anything: bool = False


class Modules:
    """Looks modules up in the folders of a search path, each once.

    Rules: `importlib.machinery.PathFinder` and `FileFinder` (a package before a module, extension modules before
    texts), PEP 420 for folders without `__init__`.

    Attributes:
        folders: the search path.
        hooks: what else finds modules.
    """

    def __init__(self, folders: Sequence[str], suffixes: Iterable[str], hooks: Hooks | None = None) -> None:
        """Prepares; nothing is listed before it is asked about.

        Args:
            folders: the search path.
            suffixes: of extension modules that the Python takes, in its order.
            hooks: what else finds modules.
        """
        self.folders = tuple(folders)
        self._endings = (*suffixes, _TEXT, _COMPILED)
        self.hooks = hooks or Hooks()
        self._places: dict[str, Place] = {}
        self._units: dict[str, str] = {}
        self._listings: dict[str, frozenset[str] | None] = {}

    def find(self, module: str) -> Place:
        """Where a module is, by its absolute name."""
        known = self._places.get(module)
        if known is None:
            known = self._places[module] = self._find(module)
        return known

    def unit(self, module: str) -> str:
        """The package that a module belongs to: at the top, or in a namespace the part below it."""
        known = self._units.get(module)
        if known is None:
            above = (module[: dot.start()] for dot in _DOT.finditer(module))
            whole = (name for name in above if self.find(name).presence is not Presence.NAMESPACE)
            known = self._units[module] = next(whole, module)
        return known

    def listing(self, folder: str) -> frozenset[str]:
        """The names in a folder; none where it can't be listed."""
        return self._names(folder) or frozenset()

    def has_distribution(self, name: str) -> bool | None:
        """Whether `importlib.metadata` finds a distribution of a name; None where that is not known.

        Rules: `importlib.metadata.FastPath` and `Prepared`.
        """
        wanted = normalize(name)
        listings = [self._names(folder) for folder in self.folders]
        found = (each.lower().rpartition(".") for names in listings if names is not None for each in names)
        if any(ending in _METADATA and normalize(stem.partition("-")[0]) == wanted for stem, _, ending in found):
            return True
        plain = None not in listings and not self.hooks.anything and wanted
        return False if plain and not any(folder.endswith(".egg") for folder in self.folders) else None

    def _find(self, module: str) -> Place:
        package, _, name = module.rpartition(".")
        if not name:
            return Place(presence=Presence.ABSENT)
        folders = self.find(package).folders if package else self.folders
        found = self._in_folders(folders, name)
        if found.presence in {Presence.ABSENT, Presence.NAMESPACE} and module in self.hooks.mapped:
            return self._mapped(self.hooks.mapped[module])
        hooked = self.hooks.anything or module in self.hooks.provided
        if found.presence is Presence.ABSENT and not package and hooked:
            return Place(presence=Presence.UNKNOWN)
        return found

    def _in_folders(self, folders: Iterable[str], name: str) -> Place:
        portions, is_unknown = [], False
        for folder in folders:
            names = self._names(folder)
            if names is None:
                is_unknown = True
                continue
            below = f"{folder}/{name}"
            is_folder = name in names and os.path.isdir(below)
            found = (self._module(below, "__init__", (below,)) if is_folder else None) or self._module(folder, name, ())
            if found is not None:
                return Place(presence=Presence.UNKNOWN) if is_unknown else found
            if is_folder:
                portions.append(below)
        if is_unknown:
            return Place(presence=Presence.UNKNOWN)
        presence = Presence.NAMESPACE if portions else Presence.ABSENT
        return Place(presence=presence, folders=tuple(portions))

    def _module(self, folder: str, name: str, folders: tuple[str, ...]) -> Place | None:
        names = self._names(folder)
        if names is None:
            return Place(presence=Presence.UNKNOWN, folders=folders)
        for ending in self._endings:
            file = name + ending
            if file in names and os.path.isfile(f"{folder}/{file}"):
                presence = {_TEXT: Presence.TEXT, _COMPILED: Presence.UNKNOWN}.get(ending, Presence.NATIVE)
                return Place(presence=presence, path=f"{folder}/{file}", folders=folders)
        return None

    def _mapped(self, path: str) -> Place:
        """What setuptools' finder for editable installs does: a folder with `__init__.py`, or a file."""
        if os.path.isfile(f"{path}/__init__.py"):
            return Place(presence=Presence.TEXT, path=f"{path}/__init__.py", folders=(path,))
        if path.endswith(_TEXT) and os.path.isfile(path):
            return Place(presence=Presence.TEXT, path=path)
        return Place(presence=Presence.UNKNOWN)

    def _names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder; empty where there is none, None where it can't be listed or is an archive."""
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(os.listdir(folder))
            except FileNotFoundError:
                self._listings[folder] = frozenset()
            except (OSError, ValueError):
                self._listings[folder] = None
        return self._listings[folder]
