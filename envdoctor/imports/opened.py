"""Finds the libraries that an import opens by name, as with ctypes, where no extension module brings them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.wheels.import_walk import ImportWalker, NativeLoad
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents


def opened_on_import(
    wheel: WheelContents, doubtful: Collection[str], usable: Collection[str], read: Callable[[str], str], target: Target
) -> frozenset[str]:
    """Which of some libraries an import of the wheel's packages opens; of its modules, if those themselves open none.

    Where one of several would do, none counts unless all are doubtful. An import that goes on without a library does
    not count.

    Args:
        wheel: the wheel.
        doubtful: libraries of it that matter only if they are opened, from site-packages.
        usable: its native files for the target, from site-packages.
        read: the text of a member.
        target: where the imports happen.

    Raises:
        NetworkProblem: a module's text could not be had.
    """
    index = ModuleIndex(wheel.members)
    walker = ImportWalker(index, read, target)
    loads = [load for package in wheel.imports for load in _loads(walker, package)]
    if not any(load.path in usable for load in loads):
        modules = (module for package in wheel.imports for module in index.submodules(package))
        loads = [load for module in modules for load in _loads(walker, module)]
    return frozenset(load.path for load in loads if load.path in doubtful and _is_bound_to(load, doubtful, usable))


def _loads(walker: ImportWalker, module: str) -> Iterator[NativeLoad]:
    return (event for event in walker.walk(module) if isinstance(event, NativeLoad))


def _is_bound_to(load: NativeLoad, doubtful: Collection[str], usable: Collection[str]) -> bool:
    """Whether the import fails unless the file, or another doubtful one, loads."""
    return not load.optional and all(other in doubtful for other in load.alternatives if other in usable)
