"""Judges a wheel on a target: does it load, is it for this processor, this Python, and this system?"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.policy import is_there
from envdoctor.binaries.python_abi import fits
from envdoctor.core.finding import Severity
from envdoctor.core.target import System
from envdoctor.imports.problems import ProblemKind, WheelProblem
from envdoctor.imports.reach import Reach
from envdoctor.imports.system_judgment import judge_system
from envdoctor.support.text import plural
from envdoctor.wheels.layout import FORMATS, process_architecture, runs_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.binaries.policy import Provider
    from envdoctor.core.target import Target
    from envdoctor.imports.loading import LoadAnalysis, MissingLibrary
    from envdoctor.imports.symbols import UndefinedNames
    from envdoctor.wheels.contents import NativeFile, WheelContents

_MOST_NAMED = 5
_HASWELL = "x86_64h"
_UNIVERSAL = {"arm64", "x86_64"}


def judge_wheel(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> tuple[WheelProblem, ...]:
    """Everything that is wrong with a wheel on a target, the worst first.

    Whether code uses instructions (AVX) that the tag does not promise is not judged: that depends on what runs.
    """
    found = [
        *_loading(wheel, analysis),
        *_architectures(wheel, analysis, target),
        *_pythons(wheel, target),
        *_undefined(wheel, analysis),
        *judge_system(wheel, analysis, target),
    ]
    return tuple(sorted(found, key=lambda each: -each.severity))


def _loading(wheel: WheelContents, analysis: LoadAnalysis) -> Iterator[WheelProblem]:
    for missing in analysis.missing:
        yield WheelProblem(
            kind=ProblemKind.MISSING_LIBRARY,
            severity=missing.severity,
            wheel=wheel.label,
            message=_missing_message(missing) + _elsewhere(wheel, missing.name),
            files=missing.loaders,
            details=tuple(f"{each.path} ({each.rule}): {each.problem}" for each in missing.considered),
            condition=_condition(missing),
            library=missing.name,
        )
    for assumed in analysis.assumed:
        yield WheelProblem(
            kind=ProblemKind.ASSUMED_LIBRARY,
            severity=assumed.severity,
            wheel=wheel.label,
            message=f"needs {assumed.name} of the system: {assumed.rule}{_supplier(assumed.provider)}",
            files=assumed.loaders,
            condition=is_there(assumed.name, assumed.provider),
            library=assumed.name,
        )
    unreadable = [(Severity.WARNING, *each) for each in analysis.unreadable]
    unreadable += [(Severity.INFO, *each) for each in analysis.unread_plugins]
    for severity, path, reason in unreadable:
        yield WheelProblem(
            kind=ProblemKind.UNREADABLE,
            severity=severity,
            wheel=wheel.label,
            message=f"{path} can't be judged: {reason}",
            files=(path,),
        )


def _condition(missing: MissingLibrary) -> str:
    """Of a part of a package that it can do without, that nobody asks for it."""
    there = is_there(missing.name, missing.provider)
    if missing.reach is Reach.MODULE and missing.severity is Severity.WARNING:
        return f"{there} or `import {missing.via[0]}` is not needed"
    return "" if missing.reach in {Reach.PLUGIN, Reach.PROGRAM, Reach.UNREACHED_MODULE} else there


def _supplier(provider: Provider | None) -> str:
    return f"; {provider.name} would supply it" if provider else ""


def _missing_message(missing: MissingLibrary) -> str:
    first = missing.loaders[0]
    need = f" and {len(missing.loaders) - 1} more need" if len(missing.loaders) > 1 else " needs"
    what = {
        Reach.IMPORT: f"`import {missing.via[0]}` fails: " if missing.via else "",
        Reach.MODULE: f"`import {missing.via[0]}` fails: " if missing.via else "",
        Reach.POSSIBLE_IMPORT: f"`import {missing.via[0]}` may fail: " if missing.via else "",
        Reach.COMMAND: "a command of the wheel does not start: ",
        Reach.PROGRAM: "a program of the package does not start: ",
        Reach.SOLE: "the package's only native files do not load: ",
        Reach.PLUGIN: "an optional plug-in does not load: ",
    }.get(missing.reach, "")
    if missing.severity is Severity.INFO and missing.via:
        what = f"`import {missing.via[0]}` goes without a part of it: "
    sound = f"; `import {missing.sound[0]}` finds what it needs" if missing.sound else ""
    return f"{what}{first}{need} {missing.name}, which nothing brings{_supplier(missing.provider)}{sound}"


def _elsewhere(wheel: WheelContents, name: str) -> str:
    """That the wheel itself has the library, in a folder that its loader does not search."""
    base = posixpath.basename(name).lower()
    paths = (native.path for native in wheel.natives)
    found = next((path for path in paths if posixpath.basename(path).lower() == base), "")
    return f" ({found} is not where it is looked for)" if found else ""


def _architectures(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    """Modules that have no twin for this processor; without a tag in its name a file may be something else."""
    platform = target.platform
    usable = {_stem(each) for each in _modules(wheel) if each.library and runs_on(each.library, platform)}
    wrong = [each for each in _modules(wheel) if each.library and not runs_on(each.library, platform)]
    wrong = [each for each in wrong if _stem(each) not in usable]
    newer = [
        each for each in wrong if platform.arch == "x86_64" and each.library and _HASWELL in each.library.architectures
    ]
    wrong = [each for each in wrong if each not in newer]
    if newer:
        yield WheelProblem(
            kind=ProblemKind.UNREADABLE,
            severity=Severity.WARNING,
            wheel=wheel.label,
            message=f"{newer[0].path} is for processors from Haswell on (x86_64h); whether this is one is not known",
            files=tuple(each.path for each in newer),
        )
    if wrong:
        of_name = (
            [] if wheel.metadata.is_for_any_platform else [each for each in wrong if not usable or _is_tagged(each)]
        )
        sure = [each for each in wrong if each in of_name or each.path in analysis.foreign]
        first = (sure or wrong)[0].library
        kinds = f"{first.format.value} {'/'.join(first.architectures)}" if first else ""
        kinds += f" for {first.platform}" if first and first.format is BinaryFormat.MACHO and first.platform else ""
        wanted = f"{FORMATS[platform.system].value} {process_architecture(platform)}"
        yield WheelProblem(
            kind=ProblemKind.WRONG_ARCHITECTURE,
            severity=Severity.ERROR if sure else _doubtful(wheel),
            wheel=wheel.label,
            message=f"{'' if sure else 'files like '}extension modules are {kinds}, and this platform needs {wanted}",
            files=tuple(each.path for each in sure or wrong),
        )
    yield from (_unloadable(wheel, native) for native in _modules(wheel) if native.not_loadable and _is_tagged(native))
    universal = any(tag.endswith("universal2") for tag in wheel.metadata.tags)
    thin = [each for each in wheel.natives if each.library and _is_thin(each.library)]
    if universal and thin:
        # What has no module is loaded by ctypes, and not at all if no library of it is for this processor.
        runs = _modules(wheel) or any(each.library and runs_on(each.library, platform) for each in wheel.natives)
        yield WheelProblem(
            kind=ProblemKind.NOT_UNIVERSAL,
            severity=Severity.WARNING if runs or platform.system is not System.MACOS else Severity.ERROR,
            wheel=wheel.label,
            message=f"the tag says universal2, and {len(thin)} native files lack arm64 or x86_64",
            files=tuple(each.path for each in thin),
        )


def _doubtful(wheel: WheelContents) -> Severity:
    return Severity.INFO if wheel.metadata.is_for_any_platform else Severity.WARNING


def _is_tagged(native: NativeFile) -> bool:
    """Whether a file's name says which Python is to load it; any library may be called `name.so`."""
    return native.path.rpartition("/")[2].count(".") > 1


def _unloadable(wheel: WheelContents, native: NativeFile) -> WheelProblem:
    return WheelProblem(
        kind=ProblemKind.WRONG_ARCHITECTURE,
        severity=Severity.ERROR,
        wheel=wheel.label,
        message=f"{native.path} is an extension module that no loader takes: {native.not_loadable}",
        files=(native.path,),
    )


def _undefined(wheel: WheelContents, analysis: LoadAnalysis) -> Iterator[WheelProblem]:
    """Symbols that the loader finds nowhere; one statement for those that it may find in what was not read."""
    lacking: dict[tuple[str, ...], list[tuple[Severity, UndefinedNames]]] = {}
    doubtful = [one for _, one in analysis.undefined if one.unread]
    for severity, one in analysis.undefined:
        if not one.unread:
            lacking.setdefault(one.names, []).append((severity, one))
    for names, found in lacking.items():
        severity, first = max(found, key=lambda each: each[0])
        files = f" and {plural(len(found) - 1, 'more file')}" if found[1:] else ""
        more = f" and {plural(len(names) - 1, 'more symbol')}" if names[1:] else ""
        since = dict(first.since).get(names[0])
        yield WheelProblem(
            kind=ProblemKind.MISSING_SYMBOL,
            severity=severity,
            wheel=wheel.label,
            message=f"{first.holder}{files} can't be loaded for want of {names[0]}{more}, "
            f"which {since or 'nothing defines'}",
            files=tuple(one.holder for _, one in found),
            details=names,
            condition=f"{first.holder} is not needed",
        )
    if doubtful:
        unread = ", ".join(list(dict.fromkeys(name for one in doubtful for name in one.unread))[:_MOST_NAMED])
        count = plural(len({name for one in doubtful for name in one.names}), "symbol")
        yield WheelProblem(
            kind=ProblemKind.MISSING_SYMBOL,
            severity=Severity.INFO,
            wheel=wheel.label,
            message=f"{count} not looked at: they may be in {unread}, whose symbols were not read",
        )
    if analysis.unlooked:
        files = plural(len(analysis.unlooked), "native file")
        yield WheelProblem(
            kind=ProblemKind.MISSING_SYMBOL,
            severity=Severity.INFO,
            wheel=wheel.label,
            message=f"the symbols of {files} were not looked at, which would take more of the wheel",
            files=analysis.unlooked,
        )


def _is_thin(library: NativeLibrary) -> bool:
    """Whether a Mach-O file lacks one of both architectures; DLLs for Windows may lie beside them as data."""
    return library.format is BinaryFormat.MACHO and not set(library.architectures) >= _UNIVERSAL


def _pythons(wheel: WheelContents, target: Target) -> Iterator[WheelProblem]:
    python = target.interpreter
    usable: dict[str, bool] = {}
    for native in _modules(wheel):
        if native.python:
            fit = fits(native.python, python.implementation, python.version, free_threaded=python.free_threaded)
            usable[_stem(native)] = usable.get(_stem(native), False) or fit
    files = tuple(each.path for each in _modules(wheel) if not usable.get(_stem(each), True))
    if files:
        yield WheelProblem(
            kind=ProblemKind.WRONG_PYTHON,
            severity=_doubtful(wheel),
            wheel=wheel.label,
            message=f"{plural(len(files), 'extension module')} for another Python, which {python.name} does not see",
            files=files,
        )


def _modules(wheel: WheelContents) -> list[NativeFile]:
    return [native for native in wheel.natives if native.is_module]


def _stem(native: NativeFile) -> str:
    """The path of a module without its suffixes: `a/_b.cpython-311-darwin.so` and `a/_b.so` are one module."""
    folder, slash, name = native.path.rpartition("/")
    return folder + slash + name.partition(".")[0]
