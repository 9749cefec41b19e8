"""The modules that importing a wheel needs and the wheel does not have, by reading its text; nothing is run.

Only what is certain counts: an import that is forgiven, that stands in one of several branches, or that is made when a
function is called later, is left out. So is any name that the wheel has somewhere, if it may be found there.
"""

from __future__ import annotations

import functools
import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.wheels.contents import install_path
from envdoctor.wheels.import_walk import Entered, ForeignImport, ForeignUse, ImportWalker, NativeLoad, Scope
from envdoctor.wheels.library_lookup import LibraryLookup, failing_lookups
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.import_walk import Event

# Makes more of a wheel's files importable than what lies at its top; a native file may do so without telling.
_FINDS_MORE = re.compile(
    r"\bsys\.(path|modules|meta_path|path_hooks)\b|__path__|\bfrom sys import"
    r"|spec_from_|FileLoader|load_dynamic|load_source"
)
_MOST_USES = 5000
_MOST_READ = 60  # modules: what a package can't do without, it mostly imports early


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalImport:
    """A module that importing a package of a wheel imports in any case, and that is not in the wheel.

    Attributes:
        name: as it is imported, such as `numpy` or `google.protobuf.message`.
        via: the wheel's modules that lead there, the package first.
        instead_of: modules of which one must be there for it not to be imported; () if it is in any case.
    """

    name: str
    via: tuple[str, ...]
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalUse:
    """What a module outside the wheel must be or have, for a package of the wheel to be imported.

    Attributes:
        module: the module.
        name: what it must have, such as a function; "" where it must only be there.
        imported: `from module import name`, which a submodule satisfies too.
        via: the wheel's modules that lead there, the package first.
        instead_of: as in `ExternalImport`.
    """

    module: str
    name: str
    imported: bool
    via: tuple[str, ...]
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalImports:
    """What one package imports from outside its wheel, what it asks of it, and the libraries that it looks for."""

    found: tuple[ExternalImport, ...] = ()
    uses: tuple[ExternalUse, ...] = ()
    lookups: tuple[LibraryLookup, ...] = ()


def external_imports(contents: WheelContents, root: str, read: Callable[[str], str], target: Target) -> ExternalImports:
    """What `import root` imports from outside the wheel, in order, each name (or two parts of it) once.

    Args:
        contents: the wheel.
        root: one of its packages or modules.
        read: the text of a member.
        target: where it would be imported.
    """
    scope = Scope(foreign=lambda _: True, most_read=_MOST_READ, certain_only=True)
    index, read = ModuleIndex(contents.members), functools.cache(read)
    walker = ImportWalker(index, read, target, scope)
    collected = _Collected()
    for event in walker.walk(root):
        collected.add(event)
    lookups = failing_lookups(collected.entered, index, read, target)
    # What is not at the top is found only where something is done to how modules are found.
    finds_more = collected.is_native or any(_FINDS_MORE.search(text) for text in walker.texts)
    found = collected.result(own_names(contents.members) if finds_more else frozenset(contents.imports))
    return replace(found, lookups=lookups)


class _Collected:
    """What was met, each thing once: where it is certain, if it is so anywhere."""

    def __init__(self) -> None:
        self.is_native = False
        self.entered: list[Entered] = []
        self._imports: dict[str, ExternalImport] = {}
        self._uses: dict[tuple[str, str, bool], ExternalUse] = {}
        self._given: set[tuple[str, str]] = set()

    def add(self, event: Event) -> None:
        if isinstance(event, ForeignImport):
            self._add_import(event)
        elif isinstance(event, ForeignUse):
            self._add_use(event)
        elif isinstance(event, Entered):
            self.entered.append(event)
        elif isinstance(event, NativeLoad):
            self.is_native = True

    def _add_import(self, event: ForeignImport) -> None:
        if event.certain or event.instead_of:
            name = ".".join(event.name.split(".")[:2])
            known = self._imports.get(name)
            if known is None or (known.instead_of and event.certain):
                instead_of = () if event.certain else event.instead_of
                self._imports[name] = ExternalImport(name=event.name, via=event.via, instead_of=instead_of)

    def _add_use(self, event: ForeignUse) -> None:
        if event.is_set:
            self._given.add((event.module, event.name))
        else:
            key = event.module, event.name, event.imported
            known = self._uses.get(key)
            surer = known is not None and len(known.instead_of) > len(event.instead_of)
            if surer or (known is None and len(self._uses) < _MOST_USES):
                self._uses[key] = ExternalUse(
                    module=event.module,
                    name=event.name,
                    imported=event.imported,
                    via=event.via,
                    instead_of=event.instead_of,
                )

    def result(self, own: Collection[str]) -> ExternalImports:
        """All of it, but what is the wheel's own by one of these names at the top."""
        found = (one for one in self._imports.values() if not _is_own(own, one.name, *one.instead_of))
        uses = (
            use
            for use in self._uses.values()
            if (use.module, use.name) not in self._given and not _is_own(own, use.module, *use.instead_of)
        )
        return ExternalImports(found=tuple(found), uses=tuple(uses))


def _is_own(own: Collection[str], *modules: str) -> bool:
    return any(module.partition(".")[0] in own for module in modules)


def own_names(members: Iterable[str]) -> frozenset[str]:
    """The names of every folder and every module in a wheel."""
    paths = [install_path(member) for member in members]
    folders = {part for path in paths for part in posixpath.dirname(path).split("/")}
    return frozenset(folders | {posixpath.basename(path).partition(".")[0] for path in paths})
