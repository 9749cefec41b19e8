"""The modules that importing a wheel needs and the wheel does not have, by reading its text; nothing is run.

Only what is certain counts: an import that is forgiven, that stands in one of several branches, or that is made when a
function is called later, is left out. So is any name that the wheel has somewhere, however it gets to be found.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.wheels.contents import install_path
from envdoctor.wheels.import_walk import ForeignImport, ImportWalker, Scope
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents

_MOST_READ = 60  # modules: what a package can't do without, it mostly imports early


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalImport:
    """A module that importing a package of a wheel imports in any case, and that is not in the wheel.

    Attributes:
        name: as it is imported, such as `numpy` or `google.protobuf.message`.
        via: the wheel's modules that lead there, the package first.
    """

    name: str
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalImports:
    """What one package imports from outside its wheel."""

    found: tuple[ExternalImport, ...]


def external_imports(contents: WheelContents, root: str, read: Callable[[str], str], target: Target) -> ExternalImports:
    """What `import root` imports from outside the wheel, in order, each top-level name once.

    Args:
        contents: the wheel.
        root: one of its packages or modules.
        read: the text of a member.
        target: where it would be imported.
    """
    own = own_names(contents.members)
    scope = Scope(foreign=lambda _: True, most_read=_MOST_READ, certain_only=True)
    walker = ImportWalker(ModuleIndex(contents.members), read, target, scope)
    found: dict[str, ExternalImport] = {}
    for event in walker.walk(root):
        if isinstance(event, ForeignImport) and event.certain:
            parts = event.name.split(".")
            if not own.issuperset(parts[:1]):
                found.setdefault(".".join(parts[:2]), ExternalImport(name=event.name, via=event.via))
    return ExternalImports(found=tuple(found.values()))


def own_names(members: Iterable[str]) -> frozenset[str]:
    """The names of every folder and every module in a wheel."""
    paths = [install_path(member) for member in members]
    folders = {part for path in paths for part in posixpath.dirname(path).split("/")}
    return frozenset(folders | {posixpath.basename(path).partition(".")[0] for path in paths})
