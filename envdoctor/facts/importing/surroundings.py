"""What of an environment does not change while its imports are followed."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.facts.importing.entries import units_of
from envdoctor.facts.importing.hooks import find_hooks
from envdoctor.facts.importing.init_functions import InitFunctions
from envdoctor.facts.importing.libraries import MachineLibraries
from envdoctor.facts.importing.modules import Modules
from envdoctor.facts.loading.machine import read_loader, target_of
from envdoctor.facts.natives import fits_machine
from envdoctor.facts.python.search_path import Origin
from envdoctor.imports.site import Presence
from envdoctor.imports.standard_library import optional_module, standard_modules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from envdoctor.core.target import Target
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """An environment.

    Attributes:
        target: the Python that imports.
        modules: its modules.
        libraries: of the machine.
        natives: for each unit (`Modules.unit`) its native files, by their name in small letters.
        extended: units with extension modules that this Python takes.
        failing: paths of native files that are proven not to load.
        owners: the distribution of each unit, where one has it.
        distributions: those in use, by their normalized names.
        left_out: optional modules of Python's own that it can't import, and that nothing else brings.
        hidden: modules of Python's own that a folder of PYTHONPATH may hold too.
        paths: of the files of each distribution, from its root, by its metadata folder.
        inits: the functions that extension modules start with.
    """

    target: Target
    modules: Modules
    libraries: MachineLibraries
    natives: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    extended: Collection[str] = ()
    failing: frozenset[str] = frozenset()
    owners: Mapping[str, Distribution] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    left_out: Collection[str] = ()
    hidden: Collection[str] = ()
    paths: Mapping[str, Sequence[str]] = field(default_factory=dict)
    inits: InitFunctions = field(default_factory=lambda: InitFunctions(()))

    def is_left_out(self, module: str) -> bool:
        """Whether importing a module of Python's own fails, as an optional part of it is not there."""
        return bool(self.left_out and optional_module(module, self.left_out))


def find_modules(facts: Facts) -> Modules:
    """The modules of the examined environment."""
    folders = [folder.path for folder in facts.python.search_path]
    return Modules(folders, facts.python.extension_suffixes, find_hooks(facts.python))


def paths_of(facts: Facts) -> dict[str, Sequence[str]]:
    """The files of each distribution, by its metadata folder, as its RECORD lists them."""
    return {record.distribution.metadata: record.paths for record in facts.records.records}


def look_around(facts: Facts) -> Surroundings:
    """Describe the examined environment.

    Raises:
        FactUnavailable: it can't be read, or the system is none that wheels are built for.
    """
    target = target_of(facts.host, facts.python)
    folders = [folder.path for folder in facts.python.search_path]
    modules, paths = find_modules(facts), paths_of(facts)
    natives = [one.path for one in facts.natives.files]
    active = facts.packages.active()
    owners: dict[str, Distribution] = {}
    for one in active.values():
        for unit in units_of(paths.get(one.metadata, ()), modules):
            owners.setdefault(unit, one)
    first = [folder.path for folder in facts.python.search_path if folder.origin is Origin.PYTHONPATH]
    names = {name.partition(".")[0] for folder in first for name in modules.listing(folder)}
    return Surroundings(
        target=target,
        modules=modules,
        libraries=MachineLibraries(read_loader(facts), target, map(os.path.basename, natives), os.environ),
        natives=_by_unit(natives, modules, folders),
        extended=frozenset(_by_unit([one.path for one in facts.natives.files if one.importable], modules, folders)),
        failing=frozenset(_failing(facts)),
        owners=owners,
        distributions=active,
        left_out=[each for each in facts.python.left_out if modules.find(each).presence is Presence.ABSENT],
        hidden=frozenset(names & standard_modules(target)),
        paths=paths,
        inits=InitFunctions(facts.natives.files),
    )


def _failing(facts: Facts) -> Iterator[str]:
    """Native files of which other probes say that they don't load."""
    system = facts.python.markers.get("sys_platform", "")
    for one in facts.natives.files:
        fits = one.library is None or fits_machine(one.library, facts.python.machine, system)
        if one.importable and not (one.is_native and fits):
            yield one.path
    for distribution, missing in facts.loading.missing:
        if missing.severity is Severity.ERROR:
            yield from (posixpath.normpath(posixpath.join(distribution.root, path)) for path in missing.loaders)
    for version in facts.loading.versions:
        if version.reached:
            yield version.file.path


def _by_unit(paths: Sequence[str], modules: Modules, folders: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Native files by unit and by name in small letters; those outside of every package belong to none."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in paths:
        root = next((folder for folder in folders if path.startswith(folder + "/")), None)
        if root is not None:
            parts = [part.partition(".")[0] for part in path[len(root) + 1 :].split("/")]
            found[modules.unit(".".join(parts))][posixpath.basename(path).lower()].append(path)
    return found
