"""The wheels that lie beside one in an environment, as an import in it meets them.

Extension modules lean on each other across wheels: `import torchvision` imports torch first, whose libraries are then
in the process under the names that torchvision's modules need. What the other wheel loads on import is not followed
through its text: all that its own extension modules load counts as loaded. A wheel that is broken says so itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.target import System
from envdoctor.support.requirement import normal_name, required_name
from envdoctor.wheels.layout import runs_on
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.binaries.resolve import LoadResult
    from envdoctor.core.target import Platform
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.layout import Site


class Companions:
    """The wheels of a set, by what they can be imported as and by what they require."""

    def __init__(self, wheels: Sequence[WheelContents], site: Site, platform: Platform) -> None:
        self.site = site
        self._wheels = tuple(wheels)
        self._platform = platform
        self._by_name = {normal_name(wheel.metadata.name): wheel for wheel in wheels}
        self._indexes: dict[str, ModuleIndex] = {}
        self._libraries: dict[str, tuple[str, ...]] = {}

    def providers(self, module: str, beside: WheelContents) -> list[WheelContents]:
        """The wheels, other than the one whose code imports it, that have a module."""
        top = module.partition(".")[0]
        others = (wheel for wheel in self._wheels if wheel is not beside and top in wheel.imports)
        return [wheel for wheel in others if self._index(wheel).find(module)]

    def with_requirements(self, wheels: Iterable[WheelContents]) -> list[WheelContents]:
        """Wheels, after everything in the set that they require, whatever the markers say."""
        found: dict[str, WheelContents] = {}

        def add(wheel: WheelContents) -> None:
            if wheel.label not in found:
                found[wheel.label] = wheel
                for required in _required(wheel):
                    if required in self._by_name:
                        add(self._by_name[required])

        for wheel in wheels:
            add(wheel)
        return list(reversed(found.values()))

    def loading(self, wheel: WheelContents) -> tuple[str, ...]:
        """The extension modules of a wheel, by full path, that bring further libraries into a process."""
        known = self._libraries.get(wheel.label)
        if known is None:
            known = self._libraries[wheel.label] = tuple(self._bringing(wheel))
        return known

    def _bringing(self, wheel: WheelContents) -> Iterator[str]:
        session = self.site.session([wheel])
        covered: set[str] = set()
        for native in wheel.natives:
            if native.is_module and native.library and runs_on(native.library, self._platform):
                result = session.load(self.site.locate(wheel, native.path))
                brought = set(result.files[1:]) - covered
                # What fails alone may load after what it requires, and is tried again then.
                if brought or result.missing:
                    covered |= brought
                    yield result.path

    def _index(self, wheel: WheelContents) -> ModuleIndex:
        if wheel.label not in self._indexes:
            self._indexes[wheel.label] = ModuleIndex(wheel.members)
        return self._indexes[wheel.label]


class ImportProcess:
    """A process that imports modules of one wheel: what is loaded stays, and Windows learns folders to search."""

    def __init__(self, wheel: WheelContents, companions: Companions, platform: Platform) -> None:
        self._wheel = wheel
        self._site = companions.site
        self._companions = companions
        self._learns_folders = platform.system is System.WINDOWS
        self._session = self._site.session()
        self._loaded: list[str] = []
        self._searched: dict[str, WheelContents] = {}
        self._imported: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was loaded yet."""
        return not self._loaded

    def load(self, path: str) -> LoadResult:
        """Loads a file."""
        self._loaded.append(path)
        return self._session.load(path)

    def search_folders(self) -> None:
        """The wheel called os.add_dll_directory: with its own folders, or with those of wheels that it requires."""
        self._search(self._companions.with_requirements([self._wheel]))

    def import_other(self, module: str) -> bool:
        """Imports a module of other wheels, which load and find what they need, and what they require.

        Returns:
            whether any has it.
        """
        providers = self._companions.providers(module, self._wheel)
        wheels = self._companions.with_requirements(providers)
        new = [wheel for wheel in wheels if wheel.label not in self._imported and wheel is not self._wheel]
        self._imported.update(wheel.label for wheel in new)
        self._search(new)
        for wheel in new:
            for path in self._companions.loading(wheel):
                self.load(path)
        return bool(providers)

    def _search(self, wheels: Iterable[WheelContents]) -> None:
        new = {wheel.label: wheel for wheel in wheels if wheel.label not in self._searched}
        if self._learns_folders and new:
            self._searched |= new
            self._session = self._site.session(list(self._searched.values()))
            for path in self._loaded:
                self._session.load(path)


def _required(wheel: WheelContents) -> Iterator[str]:
    return filter(None, map(required_name, wheel.metadata.requires))
