"""Finds the libraries that an import opens by name, as with ctypes, where no extension module brings them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.imports.process import ImportedWheel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from envdoctor.core.target import Target
    from envdoctor.imports.events import Event
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
    imported = ImportedWheel(wheel, read, target)
    process = _Doubting(doubtful, usable)
    found = [imported.loads(package, lambda: process) for package in wheel.imports]
    if not any(event.subject in usable for each in found for event in each.events):
        modules = [module for package in wheel.imports for module in imported.index.submodules(package)]
        found += [imported.loads(module, lambda: process) for module in modules]
    return frozenset(event.subject for each in found for event in each.needed if event.subject in doubtful)


@frozen(kw_only=False)
class _Doubting:
    """A process in which no doubtful file loads, nor one for another system."""

    doubtful: Collection[str]
    usable: Collection[str]

    def fails(self, path: str) -> bool:
        """See `Process`."""
        return path in self.doubtful or path not in self.usable

    def watch(self, event: Event) -> None:
        """See `Process`."""
