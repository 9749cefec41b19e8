"""Whether the installed native files load: every library that they need, looked for as this machine's loader does."""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envdoctor.binaries.closure import Closures
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.loading.symbols import UndefinedSymbols
    from envdoctor.facts.loading.versions import MissingVersion
    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution
    from envdoctor.wheels.loading import LoadAnalysis, MissingLibrary

_LIMIT = 1 << 20
_ALL_DEFINED = b"all defined"
_VISUAL_CPP = ("msvcp1", "vcruntime1", "concrt1", "vcomp1", "vccorlib1", "vcamp1", "mfc1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What became of the needs of all installed native files.

    Attributes:
        analyses: for each distribution with a file that does not load alone, what its imports would meet.
        versions: symbol versions that a library which was found does not define.
        symbols: names that nothing defines, of modules which find all their libraries.
        reached: the paths of the native files that extension modules load, themselves included.
        sources: what the search depended on, and where that was read.
    """

    analyses: tuple[tuple[Distribution, LoadAnalysis], ...] = ()
    versions: tuple[MissingVersion, ...] = ()
    symbols: tuple[UndefinedSymbols, ...] = ()
    reached: frozenset[str] = frozenset()
    sources: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> Iterator[tuple[Distribution, MissingLibrary]]:
        """Every library that a distribution's files need and that was not found, by distribution."""
        return ((distribution, one) for distribution, analysis in self.analyses for one in analysis.missing)


def is_of_other_architecture(missing: MissingLibrary) -> bool:
    """Whether a library is there, but only for another processor."""
    return any(each.problem.startswith("is for ") for each in missing.considered)


def is_visual_cpp(missing: MissingLibrary) -> bool:
    """Whether a library is part of Microsoft's Visual C++ runtime, which neither Windows nor Python brings."""
    return missing.name.lower().endswith(".dll") and missing.name.lower().startswith(_VISUAL_CPP)


def ask(facts: Facts, request: Request, executor: Executor) -> Loading:  # noqa: ARG001 - files tell all
    """Load every native file of every distribution in thought.

    Raises:
        FactUnavailable: the files could not be listed, or the system's loader is not known.
    """
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.loading.versions import missing_versions

    environment = Environment(facts)
    usable = [one for one in facts.natives.files if environment.can_load(one)]
    closures = environment.closures()
    failing = [one for one in usable if one.is_module and not closures.loads(one.path)]
    canonical = environment.tree.canonical  # a library is found by a path with `..` in it, or through a link
    mapped = frozenset(map(canonical, closures.found))
    reached = frozenset(one.path for one in usable if canonical(one.path) in mapped)
    rest = [one for one in usable if not one.is_module and one.path not in reached]
    failing += [one for one in rest if not closures.loads(one.path)]
    found = {canonical(path): needs for path, needs in closures.found.items()}
    needs = [(one, found.get(canonical(one.path), {})) for one in usable]
    return Loading(
        analyses=_analyses(facts, environment, request, failing),
        versions=() if environment.loader.musl else missing_versions(needs, reached),
        symbols=() if environment.loader.musl else _symbols(environment, closures, usable, request),
        reached=reached,
        sources=environment.loader.sources,
    )


def _symbols(
    environment: Environment, closures: Closures, usable: list[NativeFile], request: Request
) -> tuple[UndefinedSymbols, ...]:
    """The names that nothing defines, of modules that this Python would import and whose libraries are all found."""
    from dataclasses import replace

    from envdoctor.binaries.library import BinaryFormat
    from envdoctor.environments.cache import open_cache
    from envdoctor.facts.loading.symbols import undefined_symbols
    from envdoctor.net.cache import DiskCache

    canonical = environment.tree.canonical
    elf = [one for one in usable if one.library is not None and one.library.format is BinaryFormat.ELF]
    modules = [one for one in elf if one.is_module and one.importable and closures.loads(one.path)]
    if not modules:
        return ()
    needs = {canonical(path): {canonical(file) for file in found.values()} for path, found in closures.found.items()}
    asked = Counter(file for files in needs.values() for file in files)
    near = [*needs, *(canonical(one.path) for one in elf)]
    system = map(canonical, environment.loader.cache.values())
    providers = tuple(dict.fromkeys([*sorted(near, key=lambda path: -asked[path]), *system]))
    loads = [(one, _mapped(canonical(one.path), needs)) for one in modules]
    cache = DiskCache(open_cache(request).root / "symbols", _LIMIT)
    key = _state([loads_of[1] for loads_of in loads], providers)
    if cache.get_bytes(key) == _ALL_DEFINED:
        return ()
    found = undefined_symbols(loads, [canonical(one.path) for one in elf], providers)
    if not found:
        cache.put_bytes(key, _ALL_DEFINED)
    return tuple(replace(each, imported=environment.imports(each.file)) for each in found)


def _state(loads: list[tuple[str, ...]], providers: Iterable[str]) -> str:
    """All that decides whether names are defined: the files, unchanged, what maps what, and the code that judges."""
    from envdoctor.support.hashing import hash_code

    states: list[list[object]] = []
    for path in providers:
        try:
            found = os.stat(path)
        except OSError:
            states.append([path])
        else:
            states.append([path, found.st_size, found.st_mtime_ns, found.st_ctime_ns])
    return json.dumps([hash_code("facts", "binaries"), loads, states])


def _mapped(path: str, needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """A file and all that it needs."""
    mapped = {path: None}
    queue = deque(mapped)
    while queue:
        for file in sorted(needs.get(queue.popleft(), ())):
            if file not in mapped:
                mapped[file] = None
                queue.append(file)
    return tuple(mapped)


def _analyses(
    facts: Facts, environment: Environment, request: Request, failing: list[NativeFile]
) -> tuple[tuple[Distribution, LoadAnalysis], ...]:
    if not failing:
        return ()
    from envdoctor.facts.loading.memory import Memory

    memory = Memory(facts, environment, request)
    by_distribution: dict[str, list[NativeFile]] = {}
    for one in failing:
        by_distribution.setdefault(one.distribution.metadata, []).append(one)
    return tuple(
        (files[0].distribution, memory.analyse(files[0].distribution, files)) for files in by_distribution.values()
    )
