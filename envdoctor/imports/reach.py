"""Finds out how native files that can't load would be met: by importing the package, a part of it, or not at all."""

from __future__ import annotations

import enum
import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_module_name
from envdoctor.core.finding import Severity
from envdoctor.core.frozen import frozen
from envdoctor.core.target import System
from envdoctor.imports.companions import ImportProcess
from envdoctor.imports.events import What
from envdoctor.imports.process import ImportedWheel
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.wheel_site import Anything

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from envdoctor.binaries.resolve import LoadResult, Resolution
    from envdoctor.core.target import Target
    from envdoctor.imports.companions import Companions
    from envdoctor.imports.events import Event
    from envdoctor.imports.process import Loads
    from envdoctor.wheels.contents import NativeFile, WheelContents

_FEW_PARTS = 3
_WITHOUT_PATH = (3, 8)
_PATH = re.compile(r"""environ\[["']PATH["']\]\s*\+?=[^=]""")


class Reach(enum.Enum):
    """What loads a file."""

    SATISFIED = "loads after all: what it needs is loaded before it"
    IMPORT = "import of the package"
    MODULE = "import of one of its modules"
    POSSIBLE_IMPORT = "an import that may come to it, or may go on without it"
    UNREACHED_MODULE = "an extension module that no import in the package leads to"
    COMMAND = "a program that the wheel installs"
    PROGRAM = "a program among the package's files, which it may start"
    SOLE = "all that the package has of native files, which it opens or starts when it is used"
    PLUGIN = "an optional plug-in"


@frozen
class Reached:
    """How one file is met.

    Attributes:
        reach: by what.
        severity: of its failure to load.
        via: the modules whose import leads there.
        missing: what it lacks at that moment, with the folders that were added by then and the libraries loaded;
            empty where no import came so far.
        sound: of a module whose import fails: modules of the same wheel that load native files, and don't fail.
    """

    reach: Reach
    severity: Severity
    via: tuple[str, ...] = ()
    missing: tuple[Resolution, ...] = ()
    sound: tuple[str, ...] = ()

    @property
    def is_spared(self) -> bool:
        """Whether imports go on without the file: none loads it, or what it fails with may be handled."""
        return self.severity is Severity.INFO and self.reach in {Reach.PLUGIN, Reach.IMPORT}


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
    imported = ImportedWheel(wheel, read, target, _Beside(wheel, companions))
    extended = _extends_path(wheel, imported, read, target)

    def begin() -> ImportProcess:
        process = ImportProcess(wheel, companions, target.platform)
        if extended:
            process.search_folders()
        return process

    simulation = _Simulation(failing, imported, lambda path: site.locate(wheel, path), begin)
    own = wheel.metadata.name.replace("-", "_").lower()
    packages = sorted(wheel.imports, key=lambda name: name.lower() != own)
    for package in packages:
        simulation.run(package, Reach.IMPORT)
    modules = [module for package in packages for module in imported.index.submodules(package)]
    for module in [*modules, *(script.target.partition(":")[0] for script in wheel.metadata.scripts)]:
        simulation.run(module, Reach.MODULE)
    simulation.weigh_parts()
    natives = {site.locate(wheel, native.path): native for native in wheel.natives}
    return {path: simulation.found.get(path) or simulation.unreached(path, natives[path]) for path in failing}


def _extends_path(wheel: WheelContents, imported: ImportedWheel, read: Callable[[str], str], target: Target) -> bool:
    """Whether a package adds to PATH, where modules found libraries before CPython 3.8 (its "What's New")."""
    if target.platform.system is not System.WINDOWS or target.interpreter.version >= _WITHOUT_PATH:
        return False
    members = (member for package in wheel.imports for member in imported.index.texts_in(package))
    return any(_PATH.search(read(member)) for member in members)


class _Beside(Anything):
    """The other wheels: a package that they have hides a mere folder of the same name."""

    def __init__(self, wheel: WheelContents, companions: Companions) -> None:
        self._wheel = wheel
        self._companions = companions

    def find(self, module: str) -> Found:
        """See `Beside`."""
        if self._companions.providers(module, self._wheel):
            return Found(presence=Presence.ELSEWHERE, is_package=True)
        return super().find(module)


class _Settled(Exception):
    """Nothing more can be learnt."""


class _Simulation:
    """Imports one thing after another, each in a process of its own, and notes what becomes of the failing files."""

    def __init__(
        self,
        failing: Sequence[str],
        imported: ImportedWheel,
        locate: Callable[[str], str],
        process: Callable[[], ImportProcess],
    ) -> None:
        self.found: dict[str, Reached] = {}
        self._failing = failing
        self._imported = imported
        self._locate = locate
        self._process = process
        self._package_loads = False
        self._late: dict[str, tuple[Resolution, ...]] = {}
        # Of the modules imported one by one, how many load native files, and how many of these fail.
        self._parts = self._failing_parts = 0
        self._sound_parts: list[str] = []
        self._packages: dict[str, tuple[Loads, _Attempt]] = {}

    def run(self, root: str, reach: Reach) -> None:
        """Imports one module in a new process, unless nothing can be learnt from it any more."""
        if self._is_settled():
            return
        if (known := self._known(root)) is not None:
            self._count_part(root, *known)
            return
        attempt = _Attempt(self, reach, root)
        try:
            loads = self._imported.loads(root, attempt.begin)
        except _Settled:
            return
        self._note_all(loads, reach, attempt.missing)
        if reach is Reach.IMPORT:
            self._packages[root] = loads, attempt
        else:
            self._count_part(root, loads, attempt)
        if not attempt.process.is_empty:
            self._load_late(attempt.process, {self._locate(event.subject) for event in loads.events})

    def _known(self, root: str) -> tuple[Loads, _Attempt] | None:
        """What the import of a package came to, if that of a module in it comes to the same: the package is first."""
        for package, (loads, attempt) in self._packages.items():
            if root.startswith(f"{package}.") and (loads.is_cut or root in loads.imported):
                return loads, attempt
        return None

    def _count_part(self, root: str, loads: Loads, attempt: _Attempt) -> None:
        """Counts a module that is imported by itself, if that loads native files."""
        if loads.events and not self._imported.is_native(root):
            self._parts += 1
            self._failing_parts += bool(loads.needed)
            self._sound_parts += [] if attempt.missing else [root]

    def load(self, path: str, process: ImportProcess, reach: Reach) -> LoadResult:
        """Loads a file.

        Raises:
            _Settled: nothing more can be learnt.
        """
        result = process.load(path)
        self._package_loads = self._package_loads or reach is Reach.IMPORT
        if path in self._failing and not result.missing:
            self._note(path, _SATISFIED)
            if self._is_settled():
                raise _Settled
        return result

    def begins_elsewhere(self) -> None:
        """A package split over wheels begins in another."""
        self._package_loads = True

    def make_process(self) -> ImportProcess:
        """A process in which nothing is loaded."""
        return self._process()

    def locate(self, path: str) -> str:
        """Where a file of the wheel lies."""
        return self._locate(path)

    def weigh_parts(self) -> None:
        """Where most modules that load native files fail, it is the wheel that is broken, not a part of it."""
        if self._failing_parts >= _FEW_PARTS and 2 * self._failing_parts >= self._parts:
            for path, reached in self.found.items():
                if reached.reach is Reach.MODULE and reached.severity is Severity.WARNING:
                    self.found[path] = replace(reached, severity=Severity.ERROR)
        for path, reached in self.found.items():
            if reached.reach is Reach.MODULE:
                self.found[path] = replace(reached, sound=tuple(self._sound_parts))

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
        reached = _unreached(native, complete=self._imported.complete)
        if reached.reach is Reach.UNREACHED_MODULE and self._imported.takes_late(native.path):
            reached = Reached(reach=Reach.PLUGIN, severity=Severity.INFO)
        return replace(reached, missing=self._late.get(path, ()))

    def _judged(self, load: Event, loads: Loads, reach: Reach, missing: tuple[Resolution, ...]) -> Reached:
        """Where `import package` loads native files that are sound, a module that fails is a part, not the whole."""
        if load in loads.needed:
            part = reach is Reach.MODULE and (self._package_loads or _may_be_no_module(load))
            severity = Severity.WARNING if part else Severity.ERROR
        elif load in loads.doubtful:
            reach, severity = Reach.POSSIBLE_IMPORT, Severity.WARNING
        else:
            severity = Severity.INFO
        return Reached(reach=reach, severity=severity, via=load.via, missing=missing)

    def _note_all(self, loads: Loads, reach: Reach, missing: Mapping[str, tuple[Resolution, ...]]) -> None:
        for event in loads.events:
            path = self._locate(event.subject)
            if path in missing:
                self._note(path, self._judged(event, loads, reach, missing[path]))

    def _note(self, path: str, reached: Reached) -> None:
        self.found[path] = _worse(self.found.get(path), reached)

    def _is_settled(self) -> bool:
        """Whether nothing can change any more; what fails in one module may still load after another was imported."""
        known = [self.found.get(path) for path in self._failing]
        failed = (Severity.ERROR, Reach.IMPORT)
        return all(each and (each == _SATISFIED or (each.severity, each.reach) == failed) for each in known)


class _Attempt:
    """One import, with what the failing files lack when it loads them."""

    def __init__(self, simulation: _Simulation, reach: Reach, root: str) -> None:
        self.missing: dict[str, tuple[Resolution, ...]] = {}
        self.process = simulation.make_process()
        self._simulation = simulation
        self._reach = reach
        self._root = root

    def begin(self) -> _Attempt:
        """A new process."""
        self.process = self._simulation.make_process()
        return self

    def fails(self, path: str) -> bool:
        """See `Process`."""
        located = self._simulation.locate(path)
        result = self._simulation.load(located, self.process, self._reach)
        if result.missing:
            self.missing[located] = result.missing
        is_foreign = not result.files and not is_module_name(posixpath.basename(path))
        return bool(result.missing) or is_foreign

    def watch(self, event: Event) -> None:
        """See `Process`."""
        if event.what is What.ADD_FOLDER:
            self.process.search_folders()
        elif event.what is What.IMPORT:
            brought = self.process.import_other(event.subject)
            if brought and event.subject == self._root and self._reach is Reach.IMPORT:
                self._simulation.begins_elsewhere()


_SATISFIED = Reached(reach=Reach.SATISFIED, severity=Severity.INFO)


def _may_be_no_module(load: Event) -> bool:
    """Whether a file is imported by nothing but its own name, which any library could have: `plugin.so`."""
    name = load.subject.rpartition("/")[2]
    return len(load.via) == 1 and name.endswith(".so") and name.count(".") == 1


def _worse(known: Reached | None, new: Reached) -> Reached:
    """Of two ways to meet a file the one that counts: that it loads after all, else the more severe."""
    if known is None or new.reach is Reach.SATISFIED:
        return new
    return new if known.reach is not Reach.SATISFIED and new.severity > known.severity else known


def _unreached(native: NativeFile, *, complete: bool) -> Reached:
    """What no import leads to is a plug-in; less surely so where not every import could be followed."""
    if native.is_module:
        return Reached(reach=Reach.UNREACHED_MODULE, severity=Severity.WARNING)
    if native.path.startswith("../../../bin/"):
        return Reached(reach=Reach.COMMAND, severity=Severity.WARNING)
    if native.library and native.library.is_program:
        return Reached(reach=Reach.PROGRAM, severity=Severity.WARNING)
    return Reached(reach=Reach.PLUGIN, severity=Severity.INFO if complete else Severity.WARNING)
