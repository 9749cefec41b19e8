"""Finds out how native files that can't load would be met: by importing the package, a part of it, or not at all."""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.imports.companions import ImportProcess
from envdoctor.wheels.import_walk import FoldersAdded, ForeignImport, ImportWalker, NativeLoad, Scope
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from envdoctor.binaries.resolve import Resolution
    from envdoctor.core.target import Target
    from envdoctor.imports.companions import Companions
    from envdoctor.wheels.contents import NativeFile, WheelContents
    from envdoctor.wheels.import_walk import Event


_FEW_PARTS = 3


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
        missing: what it lacks at that moment, with the folders that were added by then and the libraries loaded;
            empty where no import came so far.
    """

    reach: Reach
    severity: Severity
    via: tuple[str, ...] = ()
    missing: tuple[Resolution, ...] = ()


def find_reach(
    wheel: WheelContents,
    failing: Sequence[str],
    read: Callable[[str], str],
    target: Target,
    companions: Companions,
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
        companions: the wheels of its environment, and where their files lie. After os.add_dll_directory every folder
            of the wheel, and of those that it requires, is searched for libraries.
    """
    site = companions.site
    index = ModuleIndex(wheel.members)
    startup = [line for member in index.path_files for line in _lines(read, member)]
    for line in startup:
        index.add_path(line)
    walker = ImportWalker(index, read, target, Scope(foreign=lambda name: bool(companions.providers(name, wheel))))
    simulation = _Simulation(
        failing,
        walker,
        startup,
        lambda path: site.locate(wheel, path),
        lambda: ImportProcess(wheel, companions, target.platform),
    )
    own = wheel.metadata.name.replace("-", "_").lower()
    packages = sorted(wheel.imports, key=lambda name: name.lower() != own)
    for package in packages:
        simulation.run(package, Reach.IMPORT)
    modules = [module for package in packages for module in index.submodules(package)]
    for module in [*modules, *(script.target.partition(":")[0] for script in wheel.metadata.scripts)]:
        simulation.run(module, Reach.MODULE)
    simulation.weigh_parts()
    natives = {site.locate(wheel, native.path): native for native in wheel.natives}
    return {path: simulation.found.get(path) or simulation.unreached(path, natives[path]) for path in failing}


class _Simulation:
    """Imports one thing after another, each in a process of its own, and notes what becomes of the failing files."""

    def __init__(
        self,
        failing: Sequence[str],
        walker: ImportWalker,
        startup: Sequence[str],
        locate: Callable[[str], str],
        process: Callable[[], ImportProcess],
    ) -> None:
        self.found: dict[str, Reached] = {}
        self._failing = failing
        self._walker = walker
        self._startup = startup
        self._locate = locate
        self._process = process
        self._package_loads = False
        self._late: dict[str, tuple[Resolution, ...]] = {}
        # Of the modules imported one by one, how many load native files, and how many of these fail.
        self._parts = self._failing_parts = 0

    def run(self, root: str, reach: Reach) -> None:
        """Imports one module in a new process, unless nothing can be learnt from it any more."""
        if self._is_settled():
            return
        process = self._process()
        imported: dict[str, bool] = {}
        for event in itertools.chain(self._walker.startup(self._startup), self._walker.walk(root)):
            if not isinstance(event, NativeLoad):
                self._prepare(process, event)
                # A package split over wheels, which begins in the other.
                begins = isinstance(event, ForeignImport) and event.name == root
                self._package_loads = self._package_loads or (reach is Reach.IMPORT and begins)
            else:
                path = self._locate(event.path)
                imported[path] = self._load(process, event, reach) or imported.get(path, False)
                if self._is_settled():
                    return
        if reach is Reach.MODULE and imported and not self._walker.is_native(root):
            self._parts += 1
            self._failing_parts += any(imported.values())
        if not process.is_empty:
            self._load_late(process, imported)

    @staticmethod
    def _prepare(process: ImportProcess, event: Event) -> None:
        """What an import does to the process other than to load a file of the wheel."""
        if isinstance(event, FoldersAdded):
            process.search_folders()
        elif isinstance(event, ForeignImport):
            process.import_other(event.name)

    def weigh_parts(self) -> None:
        """Where most modules that load native files fail, it is the wheel that is broken, not a part of it."""
        if self._failing_parts >= _FEW_PARTS and 2 * self._failing_parts >= self._parts:
            for path, reached in self.found.items():
                if reached.reach is Reach.MODULE and reached.severity is Severity.WARNING:
                    self.found[path] = replace(reached, severity=Severity.ERROR)

    def _load(self, process: ImportProcess, load: NativeLoad, reach: Reach) -> bool:
        """Loads a file; whether the import fails for it."""
        path = self._locate(load.path)
        missing = process.load(path).missing
        self._package_loads = self._package_loads or reach is Reach.IMPORT
        if path in self._failing:
            if missing and load.alternatives:
                others = [process.load(self._locate(other)) for other in load.alternatives]
                spared = any(other.files and not other.missing for other in others)
                load = replace(load, optional=load.optional or spared)
                missing = process.load(path).missing  # all may be opened in turn, one for the needs of another
            self._note(path, self._judged(load, reach, missing) if missing else _SATISFIED)
        return bool(missing) and not load.optional

    def _load_late(self, process: ImportProcess, imported: Container[str]) -> None:
        """A plug-in that is loaded after an import finds what is in the process already."""
        for path in self._failing:
            if path not in imported:
                missing = process.load(path).missing
                if missing:
                    self._late.setdefault(path, missing)
                else:
                    self._note(path, _SATISFIED)

    def unreached(self, path: str, native: NativeFile) -> Reached:
        """How a file is met that no import leads to."""
        reached = _unreached(native, self._walker)
        return replace(reached, missing=self._late.get(path, ()))

    def _judged(self, load: NativeLoad, reach: Reach, missing: tuple[Resolution, ...]) -> Reached:
        """Where `import package` loads native files that are sound, a module that fails is a part, not the whole."""
        part = reach is Reach.MODULE and (self._package_loads or _may_be_no_module(load))
        severity = Severity.INFO if load.optional else Severity.WARNING if part else Severity.ERROR
        return Reached(reach=reach, severity=severity, via=load.via, missing=missing)

    def _note(self, path: str, reached: Reached) -> None:
        self.found[path] = _worse(self.found.get(path), reached)

    def _is_settled(self) -> bool:
        """Whether nothing can change any more; what fails in one module may still load after another was imported."""
        known = [self.found.get(path) for path in self._failing]
        failed = (Severity.ERROR, Reach.IMPORT)
        return all(each and (each == _SATISFIED or (each.severity, each.reach) == failed) for each in known)


_SATISFIED = Reached(reach=Reach.SATISFIED, severity=Severity.INFO)


def _lines(read: Callable[[str], str], member: str) -> list[str]:
    try:
        return read(member).splitlines()
    except Unreadable:  # Python goes on without it too
        return []


def _may_be_no_module(load: NativeLoad) -> bool:
    """Whether a file is imported by nothing but its own name, which any library could have: `plugin.so`."""
    name = load.path.rpartition("/")[2]
    return len(load.via) == 1 and name.endswith(".so") and name.count(".") == 1


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
