"""Finds out how native files that can't load would be met: by importing the package, a part of it, or not at all."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.import_walk import ImportWalker, ModuleIndex
from envdoctor.wheels.layout import planned_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.binaries.resolve import LoadSession
    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.import_walk import NativeLoad


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
    session: Callable[[], LoadSession],
) -> dict[str, Reached]:
    """How each of the failing files is met, by its full path.

    Imports are followed from the packages of the wheel, then from each public module in them and from the modules
    behind its commands, each in a process of its own in which libraries are loaded in the order of the imports.
    """
    index = ModuleIndex(wheel.members)
    walker = ImportWalker(index, read, target)
    packages = list(wheel.imports)
    modules = [module for package in packages for module in index.submodules(package)]
    modules += [script.target.partition(":")[0] for script in wheel.metadata.scripts]
    found: dict[str, Reached] = {}
    loads_on_import = False
    for roots, reach in ((packages, Reach.IMPORT), (modules, Reach.MODULE)):
        for root in roots:
            loads = walker.walk(root).loads
            loads_on_import = loads_on_import or (reach is Reach.IMPORT and bool(loads))
            # Where `import package` loads native files and they are sound, a module that fails is a part, not the
            # whole.
            severity = Severity.WARNING if reach is Reach.MODULE and loads_on_import else Severity.ERROR
            for path, reached in _simulated(loads, reach, severity, failing, session()):
                found[path] = _worse(found.get(path), reached)
    return {path: found.get(path) or _unreached(wheel, path) for path in failing}


def _simulated(
    loads: Sequence[NativeLoad], reach: Reach, severity: Severity, failing: Sequence[str], session: LoadSession
) -> Iterator[tuple[str, Reached]]:
    """What becomes of the failing files in one process; of those not imported, only that they load after all."""
    imported = set()
    for load in loads:
        path = planned_path(load.path)
        result = session.load(path)
        if path in failing:
            imported.add(path)
            how = Severity.INFO if load.optional else severity
            reached = Reached(reach=reach, severity=how, via=load.via)
            yield path, reached if result.missing else Reached(reach=Reach.SATISFIED, severity=Severity.INFO)
    for path in failing:
        if path not in imported and not session.load(path).missing:
            yield path, Reached(reach=Reach.SATISFIED, severity=Severity.INFO)


def _worse(known: Reached | None, new: Reached) -> Reached:
    """Of two ways to meet a file the one that counts: that it loads after all, else the more severe."""
    if known is None or new.reach is Reach.SATISFIED:
        return new
    return new if known.reach is not Reach.SATISFIED and new.severity > known.severity else known


def _unreached(wheel: WheelContents, path: str) -> Reached:
    native = next(each for each in wheel.natives if planned_path(each.path) == path)
    if native.is_module:
        return Reached(reach=Reach.UNREACHED_MODULE, severity=Severity.WARNING)
    if native.path.startswith("../../../bin/"):
        return Reached(reach=Reach.COMMAND, severity=Severity.WARNING)
    return Reached(reach=Reach.PLUGIN, severity=Severity.INFO)
