"""Whether the installed native files load: every library that they need, looked for as this machine's loader does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.loading.symbols import Symbols
    from envdoctor.facts.loading.versions import MissingVersion
    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.loading import LoadAnalysis, MissingLibrary

_VISUAL_CPP = ("msvcp1", "vcruntime1", "concrt1", "vcomp1", "vccorlib1", "vcamp1", "mfc1")


@frozen
class Loading:
    """What became of the needs of all installed native files.

    Attributes:
        analyses: for each distribution with a file that does not load alone, what its imports would meet.
        versions: symbol versions that a library which was found does not define.
        symbols: what files lack that find all their libraries; None where that is not looked at: not glibc's loader.
        reached: the paths of the native files that extension modules load, themselves included.
        sources: what the search depended on, and where that was read.
        asked: the paths at which libraries were looked for.
        machine: the machine's libraries, and the folders that its loader searches.
    """

    analyses: tuple[tuple[Distribution, LoadAnalysis], ...] = ()
    versions: tuple[MissingVersion, ...] = ()
    symbols: Symbols | None = None
    reached: frozenset[str] = frozenset()
    sources: tuple[tuple[str, str], ...] = ()
    asked: tuple[str, ...] = ()
    machine: tuple[str, ...] = ()

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
    from envdoctor.binaries.library import BinaryFormat
    from envdoctor.core.target import System
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.loading.symbols import find_undefined
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
    elf = [one for one in usable if one.library is not None and one.library.format is BinaryFormat.ELF]
    judged = environment.loader.system is System.LINUX and not environment.loader.musl
    needs = [(one, found.get(canonical(one.path), {})) for one in usable]
    loader = environment.loader
    return Loading(
        analyses=_analyses(facts, environment, request, failing),
        versions=() if loader.musl else missing_versions(needs, reached),
        symbols=find_undefined(facts, environment, closures, elf, request) if judged else None,
        reached=reached,
        sources=loader.sources,
        asked=environment.tree.asked,
        machine=(*loader.library_path, *loader.folders, *loader.cache.values()),
    )


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
