"""Judges what a wheel's files ask of the system: its version, its C and C++ libraries, its page size, its stack.

A tag promises an oldest system (PEP 600, PEP 656, and the macOS tags); the files say what they really ask for. That a
wheel asks for more than its tag promises is told by the rules about its making.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from envdoctor.binaries.policy import last_libstdcxx, newest_libstdcxx
from envdoctor.core.finding import Severity
from envdoctor.core.target import Libc, System
from envdoctor.imports.problems import ProblemKind, WheelProblem
from envdoctor.support.text import read_number
from envdoctor.wheels.layout import planned_path, process_architecture, runs_on, shown_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.core.target import Target
    from envdoctor.imports.loading import LoadAnalysis
    from envdoctor.wheels.contents import WheelContents

_FIRST_ARM64 = (11, 0)  # no older macOS runs on arm64, whatever a universal2 tag says
_SMALL_PAGE = 4 * 1024  # no processor of the tags has smaller ones
_LARGE_PAGE = 16 * 1024  # of the Raspberry Pi 5's own kernel, and of Asahi Linux
_NO_EXECUTABLE_STACK = (2, 41)  # glibc's NEWS: dlopen no longer makes the stack executable for a library
_TAG_VERSION = re.compile(r".*-(?P<kind>manylinux|macosx)_(?P<major>\d+)_(?P<minor>\d+)_.*")
_OF_LOADERS = ("/lib", "/usr/lib")
_USUAL_LEVEL = 2  # x86-64-v2, of 2009, which RHEL 9 and others ask for anyway
_Value = TypeVar("_Value")
_OLD_NAMES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


def judge_system(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    """What the files ask of the system, and the target or the tag does not give."""
    system = target.platform.system
    if system is System.MACOS:
        yield from _macos(wheel, target)
        yield from _unsigned(wheel, analysis, target)
    if system is System.LINUX and target.platform.libc is not Libc.MUSL:
        yield from _glibc(wheel, analysis, target)
        yield from _libstdcxx(wheel, analysis, target)
        yield from _executable_stack(wheel, analysis, target)
        yield from _processor(wheel, analysis, target)
    if system is System.LINUX:
        yield from _refused(wheel, analysis, target)
        yield from _page_size(wheel, target)
        yield from _interpreters(wheel, target)


def is_refused(library: NativeLibrary, target: Target) -> bool:
    """Whether the target's loader may refuse a file, or a library that it was built with, for what it asks."""
    platform, here = target.platform, target.platform.version
    if platform.system is not System.LINUX or platform.libc is Libc.MUSL or here is None:
        return False
    newest, _ = newest_libstdcxx(here)
    too_new = (library.glibc or ()) > here or (library.glibcxx or ()) > newest
    is_refused = library.refuses_dlopen or bool(_is_not_aligned(library))
    return too_new or is_refused or bool(library.executable_stack and here >= _NO_EXECUTABLE_STACK)


def _macos(wheel: WheelContents, target: Target) -> Iterator[WheelProblem]:
    """Dyld loads a library that says it is for a newer macOS; what it calls may be missing there."""
    architecture = process_architecture(target.platform)
    minima = _values(wheel, target, lambda library: (library.for_architecture(architecture) or library).minimum_os)
    promised = tag_version(wheel.metadata.tags, "macosx")
    newest = max(minima.values(), default=None)
    if architecture == "arm64" and promised:
        promised = max(promised, _FIRST_ARM64)
    if newest is None or promised is None or newest[:2] <= promised:
        return
    here = target.platform.version
    if here is None or newest[:2] <= here:  # what only belies the tag is told as a fault of the wheel's making
        return
    files = tuple(path for path, version in minima.items() if version[:2] > here)
    says = f"{len(files)} of {len(minima)} native files say they are for a newer one, up to macOS {_text(newest)}"
    yield WheelProblem(
        kind=ProblemKind.NEWER_MACOS,
        severity=Severity.WARNING,
        wheel=wheel.label,
        message=f"this system is macOS {_text(here)}, and {says}",
        files=files,
    )


def _glibc(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    """ld.so refuses a file that asks for a version that libc.so.6 does not define."""
    asked = _values(wheel, target, lambda library: library.glibc)
    here = target.platform.version
    files = tuple(path for path, version in asked.items() if here and version > here)
    if here is None or not files:
        return
    loaded = [path for path in files if path in analysis.loaded]
    unloaded = Severity.WARNING if analysis.sole else Severity.INFO
    first = max(loaded or files, key=lambda path: asked[path])
    yield WheelProblem(
        kind=ProblemKind.NEWER_GLIBC,
        severity=Severity.ERROR if loaded else unloaded,
        wheel=wheel.label,
        message=f"{first} needs glibc {_text(asked[first])}, and this system has {_text(here)}",
        files=files,
        condition=f"the system has glibc {_text(asked[first])}",
    )


def _libstdcxx(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    here = target.platform.version
    bundled = any(path.rpartition("/")[2].startswith("libstdc++") for path in analysis.loaded)
    if here is None or bundled:
        return
    newest, _ = newest_libstdcxx(here)
    asked = _values(wheel, target, lambda library: library.glibcxx)
    files = tuple(path for path, version in asked.items() if version > newest)
    if files:
        loaded = [path for path in files if path in analysis.loaded]
        first = max(loaded or files, key=lambda path: asked[path])
        last = last_libstdcxx(here)
        nowhere = last is not None and asked[first] > last
        usual = (
            f"no system with glibc {_text(here)} has more than {_text(last or newest)}: it fails unless a newer one is "
        )
        usual = (
            f"{usual}installed beside it"
            if nowhere
            else f"systems with glibc {_text(here)} usually have {_text(newest)}"
        )
        yield WheelProblem(
            kind=ProblemKind.NEWER_LIBSTDCXX,
            severity=(Severity.ERROR if nowhere else Severity.WARNING) if loaded else Severity.INFO,
            wheel=wheel.label,
            message=f"{first} needs GLIBCXX_{_text(asked[first])} of libstdc++, and {usual}",
            files=files,
            condition=f"libstdc++ has GLIBCXX_{_text(asked[first])}",
        )


def _executable_stack(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    asking = _values(wheel, target, lambda library: library.executable_stack or None)
    here = target.platform.version
    if asking:
        refused = here is not None and here >= _NO_EXECUTABLE_STACK and any(path in analysis.loaded for path in asking)
        yield WheelProblem(
            kind=ProblemKind.EXECUTABLE_STACK,
            severity=Severity.ERROR if refused else Severity.INFO,
            wheel=wheel.label,
            message=f"{next(iter(asking))} asks for an executable stack, which glibc 2.41 and later refuse",
            files=tuple(asking),
        )


def _refused(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    """What no loader on Linux maps: linked so, or, by tools that changed the file, laid out so."""
    for kind, ask, why in (
        (ProblemKind.REFUSES_DLOPEN, _refuses_dlopen, "was linked with -z nodlopen"),
        (ProblemKind.PAGE_SIZE, _is_not_aligned, "has a segment that does not begin at a page (strip after patchelf?)"),
    ):
        refusing = _values(wheel, target, ask)
        if refusing:
            loaded = [path for path in refusing if path in analysis.loaded]
            yield WheelProblem(
                kind=kind,
                severity=Severity.ERROR if loaded else Severity.INFO,
                wheel=wheel.label,
                message=f"{next(iter(loaded or refusing))} {why}: the loader refuses it",
                files=tuple(refusing),
            )


def _refuses_dlopen(library: NativeLibrary) -> bool | None:
    return library.refuses_dlopen or None


def _is_not_aligned(library: NativeLibrary) -> bool | None:
    return not library.loads_with_page_size(_SMALL_PAGE) or None


def _processor(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    """A file may say which level of x86-64 it needs; glibc from 2.33 on refuses it where the processor has less."""
    levels = _values(wheel, target, lambda library: library.processor_level if library.processor_level > 1 else None)
    loaded = {path: level for path, level in levels.items() if path in analysis.loaded}
    if loaded:
        first = max(loaded, key=lambda path: loaded[path])
        name = f"x86-64-v{loaded[first]}"
        yield WheelProblem(
            kind=ProblemKind.NEWER_PROCESSOR,
            severity=Severity.WARNING if loaded[first] > _USUAL_LEVEL else Severity.INFO,
            wheel=wheel.label,
            message=f"{first} loads only on processors that have {name}",
            files=tuple(loaded),
            condition=f"the processor has {name}",
        )


def _unsigned(wheel: WheelContents, analysis: LoadAnalysis, target: Target) -> Iterator[WheelProblem]:
    """Only code that is signed, if only by its linker, and has not changed since is mapped by macOS on ARM."""
    if process_architecture(target.platform) != "arm64":
        return
    found = _values(wheel, target, lambda library: (library.for_architecture("arm64") or library).unsigned or None)
    if found:
        loaded = [path for path in found if path in analysis.loaded]
        first = next(iter(loaded or found))
        yield WheelProblem(
            kind=ProblemKind.UNSIGNED,
            severity=Severity.ERROR if loaded else Severity.WARNING,
            wheel=wheel.label,
            message=f"macOS refuses {first} on ARM: {found[first]} (`codesign --force --sign -` signs it)",
            files=tuple(found),
            condition=f"{first} is not needed",
        )


def _interpreters(wheel: WheelContents, target: Target) -> Iterator[WheelProblem]:
    """The kernel starts a program by the loader that it names (PT_INTERP), by its full path.

    A library may name one, and nobody starts it: Qt's do, and tools that make wheels leave the name empty.
    """
    own = "/ld-musl-" if target.platform.libc is Libc.MUSL else "/ld-linux"
    named = _values(wheel, target, lambda library: None if library.own_name else library.interpreter)
    foreign = {
        path: loader for path, loader in named.items() if own not in loader or not loader.startswith(_OF_LOADERS)
    }
    if foreign:
        path, loader = next(iter(foreign.items()))
        yield WheelProblem(
            kind=ProblemKind.MISSING_LIBRARY,
            severity=Severity.WARNING,
            wheel=wheel.label,
            message=f"the program {path} does not start: it asks for the loader {loader}, which this system lacks",
            files=tuple(foreign),
            condition=f"{path} is not needed",
        )


def _page_size(wheel: WheelContents, target: Target) -> Iterator[WheelProblem]:
    """Only ARM64 kernels come with larger pages."""
    if target.platform.arch != "aarch64":
        return
    small = _values(wheel, target, lambda library: None if library.loads_with_page_size(_LARGE_PAGE) else library)
    if small:
        yield WheelProblem(
            kind=ProblemKind.PAGE_SIZE,
            severity=Severity.WARNING,
            wheel=wheel.label,
            message=f"{next(iter(small))} can't be mapped by kernels with 16 KiB pages, such as the Raspberry Pi 5's",
            files=tuple(small),
        )


def tag_version(tags: tuple[str, ...], kind: str) -> tuple[int, int] | None:
    """The oldest system that any of a wheel's tags promises: of glibc for `manylinux`, of macOS for `macosx`."""
    found = []
    for tag in tags:
        match = _TAG_VERSION.fullmatch(tag)
        if match and match["kind"] == kind:
            found.append((read_number(match["major"]), read_number(match["minor"])))
        platform = tag.rpartition("-")[2]
        found += [
            version for name, version in _OLD_NAMES.items() if kind == "manylinux" and platform.startswith(name + "_")
        ]
    return min(found, default=None)


def _values(wheel: WheelContents, target: Target, ask: Callable[[NativeLibrary], _Value | None]) -> dict[str, _Value]:
    """What each native file for the target answers, by its path; files without an answer left out."""
    found = {}
    for native in wheel.natives:
        if native.library and runs_on(native.library, target.platform):
            value = ask(native.library)
            if value is not None:
                found[shown_path(planned_path(native.path))] = value
    return found


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version[:2] if len(version) > 2 and not version[2] else version))  # noqa: PLR2004
