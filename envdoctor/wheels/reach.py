"""Finds out how native files that can't load would be met: by importing the package, a part of it, or not at all."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.import_walk import FoldersAdded, ImportWalker, ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import NativeFile, WheelContents
    from envdoctor.wheels.import_walk import NativeLoad
    from envdoctor.wheels.layout import Site


class Reach(enum.Enum):
    """What loads a file."""

    SATISFIED = "loads after all: what it needs is loaded before it"
    IMPORT = "import of the package"
    MODULE = "import of one of its modules"
    UNREACHED_MODULE = "an extension module that no import in the package leads to"
    COMMAND = "a program that the wheel installs"
    PLUGIN = "an optional plug-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How one file is met.

    Attributes:
        reach: by what.
        severity: of its failure to load.
        via: the modules whose import leads there.
    """

    reach: Reach
    severity: Severity
    via: tuple[str, ...] = ()


def find_reach(
    wheel: WheelContents,
    failing: Sequence[str],
    read: Callable[[str], str],
    target: Target,
    site: Site,
) -> dict[str, Reached]:
    """How each of the failing files is met, by its full path.

    Imports are followed from the packages of the wheel, then from each public module in them and from the modules
    behind its commands, each in a process of its own in which libraries are loaded in the order of the imports; no
    further than is needed to know.

    Args:
        wheel: the wheel.
        failing: the full paths of its files that don't load by themselves.
        read: the text of a member.
        target: where the imports happen.
        site: where its files lie. After os.add_dll_directory every folder of the wheel is searched for libraries.
    """
    index = ModuleIndex(wheel.members)
    walker = ImportWalker(index, read, target)
    simulation = _Simulation(wheel, failing, walker, site)
    own = wheel.metadata.name.replace("-", "_").lower()
    packages = sorted(wheel.imports, key=lambda name: name.lower() != own)
    for package in packages:
        simulation.run(package, Reach.IMPORT)
    modules = [module for package in packages for module in index.submodules(package)]
    for module in [*modules, *(script.target.partition(":")[0] for script in wheel.metadata.scripts)]:
        simulation.run(module, Reach.MODULE)
    natives = {site.locate(wheel, native.path): native for native in wheel.natives}
    return {path: simulation.found.get(path) or _unreached(natives[path], walker) for path in failing}


class _Simulation:
    """Imports one thing after another, each in a process of its own, and notes what becomes of the failing files."""

    def __init__(self, wheel: WheelContents, failing: Sequence[str], walker: ImportWalker, site: Site) -> None:
        self.found: dict[str, Reached] = {}
        self._wheel = wheel
        self._failing = failing
        self._walker = walker
        self._site = site
        self._package_loads = False

    def run(self, root: str, reach: Reach) -> None:
        """Imports one module in a new process, unless nothing can be learnt from it any more."""
        process = self._site.session()
        loaded: list[str] = []
        imported = set()
        for event in self._walker.walk(root) if not self._is_settled() else ():
            if isinstance(event, FoldersAdded):
                process = self._site.session([self._wheel])
                for path in loaded:
                    process.load(path)
                continue
            path = self._site.locate(self._wheel, event.path)
            loaded.append(path)
            missing = bool(process.load(path).missing)
            self._package_loads = self._package_loads or reach is Reach.IMPORT
            if path in self._failing:
                imported.add(path)
                self._note(path, _SATISFIED if not missing else self._judged(event, reach))
            if self._is_settled():
                return
        # A plug-in that is loaded afterwards finds what is in the process already.
        for path in self._failing:
            if loaded and path not in imported and not process.load(path).missing:
                self._note(path, _SATISFIED)

    def _judged(self, load: NativeLoad, reach: Reach) -> Reached:
        """Where `import package` loads native files that are sound, a module that fails is a part, not the whole."""
        part = reach is Reach.MODULE and self._package_loads
        severity = Severity.INFO if load.optional else Severity.WARNING if part else Severity.ERROR
        return Reached(reach=reach, severity=severity, via=load.via)

    def _note(self, path: str, reached: Reached) -> None:
        self.found[path] = _worse(self.found.get(path), reached)

    def _is_settled(self) -> bool:
        known = [self.found.get(path) for path in self._failing]
        return all(each and (each == _SATISFIED or each.severity is Severity.ERROR) for each in known)


_SATISFIED = Reached(reach=Reach.SATISFIED, severity=Severity.INFO)


def _worse(known: Reached | None, new: Reached) -> Reached:
    """Of two ways to meet a file the one that counts: that it loads after all, else the more severe."""
    if known is None or new.reach is Reach.SATISFIED:
        return new
    return new if known.reach is not Reach.SATISFIED and new.severity > known.severity else known


def _unreached(native: NativeFile, walker: ImportWalker) -> Reached:
    """What no import leads to is a plug-in; less surely so where not every import could be followed."""
    if native.is_module:
        return Reached(reach=Reach.UNREACHED_MODULE, severity=Severity.WARNING)
    if native.path.startswith("../../../bin/"):
        return Reached(reach=Reach.COMMAND, severity=Severity.WARNING)
    return Reached(reach=Reach.PLUGIN, severity=Severity.INFO if walker.complete else Severity.WARNING)
