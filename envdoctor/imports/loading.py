"""Judges whether the native files of a wheel load: what `import` of its packages needs, and what only a plug-in does.

A need that is not met is an error if importing the package loads the file that has it; otherwise it is worth knowing,
no more: wheels carry plug-ins for devices and tools that most machines don't have.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries.library import NeedKind
from envdoctor.binaries.policy import Provider, provider_of
from envdoctor.binaries.resolve import Considered, LoadResult, LoadSession, Outcome, Resolution
from envdoctor.core.finding import Severity
from envdoctor.core.frozen import frozen
from envdoctor.imports.companions import Companions
from envdoctor.imports.macho_names import files_without_symbols
from envdoctor.imports.opened import opened_on_import
from envdoctor.imports.reach import Reach, Reached, find_reach
from envdoctor.imports.symbols import UndefinedNames, undefined_names
from envdoctor.imports.system_judgment import is_refused
from envdoctor.wheels.layout import SITE_PACKAGES, PlannedSite, process_architecture, runs_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import NativeFile, WheelContents
    from envdoctor.wheels.layout import Site

_UNSURE = {Outcome.ASSUMED, Outcome.DESKTOP}


@frozen
class MissingLibrary:
    """A library that files of a wheel need and nothing brings.

    Attributes:
        wheel: name and version.
        name: as the files name it: a soname, an install name, a DLL.
        severity: ERROR where an import fails for it.
        reach: how the files that need it are loaded.
        loaders: those files, from site-packages.
        via: the modules whose import leads there.
        provider: who would supply it, if that is known.
        considered: the paths that the loader tries for the first of the files, in order.
        sound: see `Reached`.
    """

    wheel: str
    name: str
    severity: Severity
    reach: Reach
    loaders: tuple[str, ...]
    via: tuple[str, ...] = ()
    provider: Provider | None = None
    considered: tuple[Considered, ...] = ()
    sound: tuple[str, ...] = ()


@frozen
class AssumedLibrary:
    """A library that a wheel's modules need and that most systems have, but not all.

    Attributes:
        wheel: name and version.
        name: as the files name it.
        rule: why it may be there, and where it is not.
        loaders: the files that need it, from site-packages.
        severity: WARNING where nothing promises it, INFO where the platform's policy does.
        provider: who supplies it, if that is known.
    """

    wheel: str
    name: str
    rule: str
    loaders: tuple[str, ...]
    severity: Severity
    provider: Provider | None = None


@frozen
class LoadAnalysis:
    """What can be said of the loading of one wheel's native files.

    Attributes:
        missing: libraries that nothing brings, the worst first.
        assumed: libraries that only may be absent.
        unreadable: (file, reason) of extension modules and of what they load, whose needs are not known.
        unread_plugins: the same of files that no module is known to load.
        loaded: the files that the wheel's extension modules load, themselves included, and the libraries that its
            packages open by name; from site-packages. The latter only where it matters.
        undefined: symbols that nothing defines, the worst first, with ERROR where an import surely fails for them.
        sole: all native files of a wheel that no import loads an extension module of, where none is known to load.
        foreign: extension modules for other processors that an import opens all the same.
        unlooked: files for macOS whose symbols were not read.
        inexact: a guess (`NativeLibrary.inferred`) is part of what is missing, or a part for the target's processor was
            not read (`NativeLibrary.unread`): read the wheel exactly and ask again.
    """

    missing: tuple[MissingLibrary, ...] = ()
    assumed: tuple[AssumedLibrary, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    unread_plugins: tuple[tuple[str, str], ...] = ()
    inexact: bool = False
    loaded: tuple[str, ...] = ()
    undefined: tuple[tuple[Severity, UndefinedNames], ...] = ()
    sole: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    unlooked: tuple[str, ...] = ()


class LoadJudge:
    """Loads the files of wheels in thought, in the environment that all wheels of a set make together."""

    def __init__(
        self,
        wheels: Sequence[WheelContents],
        target: Target,
        read_text: Callable[[WheelContents, str], str],
        site: Site | None = None,
    ) -> None:
        """Lays out the environment.

        Args:
            wheels: every wheel of the resolved set.
            target: where it would be installed.
            read_text: the text of a member of a wheel; asked for only where something is missing, to see whether an
                import would notice.
            site: where the files lie; None for an environment that is only planned.
        """
        self._wheels = wheels
        self._target = target
        self._read_text = read_text
        self._site = site or PlannedSite(wheels, target.platform, target.interpreter)
        self._companions = Companions(wheels, self._site, target.platform)

    def analyse(self, wheel: WheelContents) -> LoadAnalysis:
        """Judges one wheel of the set.

        Raises:
            NetworkProblem: a module's text was needed and could not be had.
        """
        modules = self._load_modules(wheel)
        rest = self._load_rest(wheel, modules)
        results = [*modules, *rest]
        failing = [result for result in results if result.missing]
        reached = self._reached(wheel, failing)
        unreached = [each for each in modules if each.missing and reached[each.path].reach is Reach.UNREACHED_MODULE]
        sole = results if len(unreached) == len(modules) and self._is_sole(results) else []
        for path in (
            each.path for each in sole if each.missing and (each in unreached or reached[each.path].is_spared)
        ):
            reached[path] = replace(reached[path], reach=Reach.SOLE, severity=Severity.WARNING)
        brought = {self._canonical(path) for result in rest if not result.missing for path in result.files}
        still_failing = [result for result in failing if self._matters(result, reached[result.path].reach, brought)]
        missing = sorted(self._missing(wheel, still_failing, reached), key=lambda each: -each.severity)
        unreadable = self._unreadable(wheel, [native for native in wheel.natives if native.is_module], modules)
        plugins = self._unreadable(wheel, [native for native in wheel.natives if not native.not_loadable], rest)
        satisfied = [result for result in failing if reached[result.path].reach is Reach.SATISFIED]
        needed = {each.need.name.lower() for result in satisfied for each in result.missing}
        found = [result for result in rest if posixpath.basename(result.path).lower() in needed]
        loading = [*modules, *found, *self._opened(wheel, rest, [*modules, *found])]
        return LoadAnalysis(
            missing=tuple(missing),
            assumed=tuple(self._assumed(wheel, [*loading, *(each for each in sole if not each.missing)])),
            unreadable=tuple(unreadable.items()),
            unread_plugins=tuple((path, reason) for path, reason in plugins.items() if path not in unreadable),
            loaded=tuple(dict.fromkeys(self._site.show(path) for result in loading for path in result.files)),
            undefined=tuple(self._undefined(wheel, results)),
            sole=tuple(self._site.show(each.path) for each in sole),
            foreign=self._foreign(wheel),
            unlooked=files_without_symbols(wheel, self._target),
            inexact=self._has_unread(wheel)
            or any(self._is_guess(each.loader) for result in still_failing for each in result.missing),
        )

    def session(self, added: Sequence[WheelContents] = ()) -> LoadSession:
        """A new process in the environment; on Windows one that searches every folder of the added wheels."""
        return self._site.session(added)

    def _load_modules(self, wheel: WheelContents) -> list[LoadResult]:
        """Each extension module in a process of its own."""
        modules = [native for native in self._usable(wheel) if native.is_module]
        return [self.session().load(self._site.locate(wheel, native.path)) for native in modules]

    def _load_rest(self, wheel: WheelContents, modules: list[LoadResult]) -> list[LoadResult]:
        """What no module loads, as plug-ins are loaded: alone, or, if that fails, after all modules."""
        covered = {path for result in modules for path in result.files}
        full = self.session()
        for result in modules:
            full.load(result.path)
        results = []
        for native in self._usable(wheel):
            path = self._site.locate(wheel, native.path)
            if not native.is_module and path not in covered:
                alone = self.session().load(path)
                results.append(full.load(path) if alone.missing else alone)
        return results

    def _opened(self, wheel: WheelContents, rest: list[LoadResult], modules: list[LoadResult]) -> list[LoadResult]:
        """Of the files that no module loads those that an import opens, where something may come of it."""
        known = {each.need.name for result in modules for each in result.resolutions}
        doubtful = {self._site.show(result.path): result for result in rest if self._is_doubtful(result, known)}
        named = [path for path, result in doubtful.items() if self._site.may_be_named(wheel, result.path)]
        if not named:
            return []
        opened = self._opened_on_import(wheel, named)
        return [doubtful[path] for path in named if path in opened]

    def _opened_on_import(self, wheel: WheelContents, doubtful: Collection[str]) -> frozenset[str]:
        usable = {native.path for native in self._usable(wheel)}
        return opened_on_import(wheel, doubtful, usable, lambda member: self._read_text(wheel, member), self._target)

    def _foreign(self, wheel: WheelContents) -> tuple[str, ...]:
        """Not asked where no module is for this processor, unless any will do: then there is nothing to be sound."""
        usable = self._usable(wheel)
        modules = [native for native in wheel.natives if native.is_module and native.library]
        others = [native.path for native in modules if native not in usable]
        if not others or (len(others) == len(modules) and not wheel.metadata.is_for_any_platform):
            return ()
        opened = self._opened_on_import(wheel, others)
        return tuple(path for path in others if path in opened)

    def _undefined(self, wheel: WheelContents, results: list[LoadResult]) -> Iterable[tuple[Severity, UndefinedNames]]:
        found = list(undefined_names(wheel, self._wheels, results, self._site.tree, self._target))
        members = {self._site.locate(wheel, native.path): native for native in wheel.natives}
        found = [one for one in found if one.holder in members]
        sure = [members[path].path for one in found if not one.unread for path in one.openers if path in members]
        opened = self._opened_on_import(wheel, sure) if sure else frozenset()
        for one in found:
            openers = [members[path] for path in one.openers if path in members]
            surely = any(native.path in opened for native in openers)
            usual = Severity.WARNING if any(native.is_module for native in openers) else Severity.INFO
            severity = Severity.INFO if one.unread else Severity.ERROR if surely else usual
            yield severity, replace(one, holder=self._site.show(one.holder))

    def _is_sole(self, files: list[LoadResult]) -> bool:
        """Whether of what no import loads, which is all that a package has, nothing surely loads.

        A package that opens a library when it is first used, or starts a program, has it for nothing else.
        """
        return bool(files) and all(each.missing or self._is_doubtful(each, set()) for each in files)

    def _is_doubtful(self, result: LoadResult, known: set[str]) -> bool:
        """Whether a file that finds what it needs may fail all the same: the system is too old, or lacks a library.

        Libraries that are known to be needed anyway don't count.
        """
        if result.missing:
            return False
        outcomes = {each.outcome for each in result.resolutions if each.need.name not in known}
        libraries = filter(None, map(self._site.tree.library, result.files))
        return bool(outcomes & _UNSURE) or any(is_refused(library, self._target) for library in libraries)

    def _usable(self, wheel: WheelContents) -> list[NativeFile]:
        platform = self._target.platform
        return [native for native in wheel.natives if native.library and runs_on(native.library, platform)]

    def _reached(self, wheel: WheelContents, failing: list[LoadResult]) -> dict[str, Reached]:
        modules = {self._site.locate(wheel, native.path) for native in wheel.natives if native.is_module}
        paths = [result.path for result in failing]
        followed = [path for path in paths if path in modules or self._site.may_be_named(wheel, path)]
        reached = dict.fromkeys(paths, Reached(reach=Reach.PLUGIN, severity=Severity.INFO))
        if followed:
            reached |= find_reach(
                wheel, followed, lambda member: self._read_text(wheel, member), self._target, self._companions
            )
        return reached

    def _matters(self, result: LoadResult, reach: Reach, brought: set[str]) -> bool:
        """Whether it is worth a word that a file does not load by itself.

        A library that nothing names has its own needs met by the search path of the plug-in that needs it; loaded
        alone it often lacks them. `brought` are the files that are mapped when plug-ins are loaded without a failure.
        """
        if reach is Reach.PLUGIN:
            return self._canonical(result.path) not in brought
        return reach is not Reach.SATISFIED

    def _canonical(self, path: str) -> str:
        return self._site.tree.canonical(path)

    def _missing(
        self, wheel: WheelContents, failing: list[LoadResult], reached: dict[str, Reached]
    ) -> Iterable[MissingLibrary]:
        """One value for each missing library, whichever files need it; judged by the worst of them."""
        needs: dict[str, list[tuple[Resolution, Reached]]] = {}
        for result in failing:
            met = reached[result.path]
            for each in met.missing or result.missing:
                needs.setdefault(each.need.name, []).append((each, met))
        for name, found in needs.items():
            worst = max((reach for _, reach in found), key=lambda reach: reach.severity)
            first = next(resolution for resolution, reach in found if reach is worst)
            yield MissingLibrary(
                wheel=wheel.label,
                name=name,
                severity=worst.severity,
                reach=worst.reach,
                loaders=tuple(dict.fromkeys(self._site.show(resolution.loader) for resolution, _ in found)),
                via=worst.via,
                sound=worst.sound,
                provider=provider_of(name),
                considered=tuple(
                    replace(each, path=self._site.show(each.path), rule=each.rule.replace(f"{SITE_PACKAGES}/", ""))
                    for each in first.considered
                ),
            )

    def _has_unread(self, wheel: WheelContents) -> bool:
        architecture = process_architecture(self._target.platform)
        parts = (native.library.for_architecture(architecture) for native in wheel.natives if native.library)
        return any(part is not None and part.unread for part in parts)

    def _is_guess(self, path: str) -> bool:
        library = self._site.tree.library(path)
        return library is not None and library.inferred

    def _unreadable(self, wheel: WheelContents, natives: list[NativeFile], results: list[LoadResult]) -> dict[str, str]:
        """Why files can't be judged, by path: of these themselves, and of what was met while loading."""
        found = {self._site.show(path): reason for result in results for path, reason in result.unusable}
        own = {
            self._site.show(self._site.locate(wheel, native.path)): native.problem or native.not_loadable
            for native in natives
        }
        return found | {path: reason for path, reason in own.items() if reason}

    def _assumed(self, wheel: WheelContents, results: list[LoadResult]) -> Iterable[AssumedLibrary]:
        found: dict[str, list[Resolution]] = {}
        for result in results:
            for each in result.resolutions:
                if each.outcome in _UNSURE and each.need.kind is NeedKind.REQUIRED:
                    found.setdefault(each.need.name, []).append(each)
        for name, resolutions in found.items():
            own = [each.path for each in wheel.natives if posixpath.basename(each.path).lower() == name.lower()]
            if own and self._opened_on_import(wheel, own):  # as scikit-learn does before it imports its modules
                continue
            loaders = tuple(dict.fromkeys(self._site.show(each.loader) for each in resolutions))
            yield AssumedLibrary(
                wheel=wheel.label,
                name=name,
                rule=resolutions[0].rule,
                loaders=loaders,
                severity=Severity.WARNING if resolutions[0].outcome is Outcome.DESKTOP else Severity.INFO,
                provider=provider_of(name),
            )
