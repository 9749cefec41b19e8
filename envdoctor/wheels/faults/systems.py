"""Rules about what native files ask of the system, against what the tag promises (PEP 600, PEP 656, macOS tags)."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.policy import Promise, SystemPolicy, newest_libstdcxx
from envdoctor.core.finding import Severity
from envdoctor.core.target import Libc, Platform, System
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.wheels.reviewed import ReviewedWheel

_FIRST_ARM64 = (11, 0)  # no older macOS runs on arm64
_OF_GLIBC = re.compile(r"(?:lib(?:c|pthread)|ld-linux-[\w-]+?)(?:-\d[\d.]*)?(?:-[0-9a-f]{8})?(?:\.\d+)*\.so(?:\.\d+)*")
_OF_PYTHON = re.compile(r"libpython\d[\d.]*t?\.(?:so|dylib).*|.*Python\.framework/.*")
_OF_MACOS = ("/usr/lib/", "/System/", "@")
_SHARED_FOLDERS = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108 - what others' files name


@rule("newer-glibc-than-tag", fix="Correct the tag with `auditwheel repair`, or build on an older system.")
def newer_glibc(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files ask for a newer glibc, or a newer libstdc++, than the manylinux tag promises.

    Installers take the wheel on systems where the import fails: "version `GLIBC_2.34' not found".
    """
    bundled = any(posixpath.basename(native.path).startswith("libstdc++") for native in wheel.libraries)
    yield from _newer(wheel, "glibc", lambda library: library.glibc, lambda tag: tag)
    if not bundled:
        yield from _newer(wheel, "GLIBCXX", lambda library: library.glibcxx, lambda tag: newest_libstdcxx(tag)[0])


def _newer(
    wheel: ReviewedWheel,
    what: str,
    ask: Callable[[NativeLibrary], tuple[int, ...] | None],
    most: Callable[[tuple[int, int]], tuple[int, ...]],
) -> Iterator[Sighting]:
    asked: dict[str, tuple[int, ...]] = {}
    for native in wheel.libraries:
        library = native.library
        tag = wheel.oldest("manylinux", library.architectures[0]) if library else None
        if library and tag and tag.version and (needed := ask(library)) and needed > most(tag.version):
            asked[native.path] = needed
    if asked:
        first = max(asked, key=lambda path: asked[path])
        tag = wheel.oldest("manylinux")
        promised = _text(most(tag.version)) if tag and tag.version else ""
        message = f"the tag promises {what} {promised}, and {first} needs {_text(asked[first])}"
        more = f"; {len(asked) - 1} more ask for a newer one too" if len(asked) > 1 else ""
        yield Sighting(message=message + more, files=tuple(sorted(asked)))


@rule("other-c-library", fix="Build for the C library of the tag, or correct the tag.")
def other_c_library(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A musllinux wheel whose modules need glibc, or a manylinux wheel whose modules need musl: they do not load."""
    names = {native.path: _needed(native.library) for native in wheel.libraries if native.is_module}
    if wheel.is_for("musllinux") and not wheel.is_for("manylinux"):
        found = tuple(path for path, needed in names.items() if needed & {"libc.so.6", "ld-linux-x86-64.so.2"})
        said = "musllinux, and needs glibc"
    elif wheel.is_for("manylinux") and not wheel.is_for("musllinux"):
        found = tuple(path for path, needed in names.items() if any(name.startswith("libc.musl-") for name in needed))
        said = "manylinux, and needs musl"
    else:
        return
    if found:
        yield Sighting(message=f"the tag says {said}: {listed(found)}", files=found)


@rule("bundled-c-library", fix="Leave it out: it belongs to the system's loader.")
def bundled_c_library(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A copy of glibc's own libraries: they work only with the loader of the very build that they come from."""
    found = tuple(native.path for native in wheel.libraries if _OF_GLIBC.fullmatch(posixpath.basename(native.path)))
    if found:
        yield Sighting(message=f"brings glibc's own libraries along: {listed(found)}", files=found)


@rule("library-outside-of-tag", fix="Bundle it with `auditwheel repair`, or link it statically.")
def outside_library(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An extension module needs a library that no system of the tag need have, and that the wheel does not bring.

    Another wheel that it requires may bring it; then it is a note.
    """
    tag = wheel.oldest("manylinux") or wheel.oldest("musllinux")
    if tag is None:
        return
    libc = Libc.MUSL if tag.kind == "musllinux" else Libc.GLIBC
    policy = SystemPolicy(Platform(system=System.LINUX, arch=tag.architectures[0], version=tag.version, libc=libc))
    brought = {posixpath.basename(native.path) for native in wheel.contents.natives}
    brought |= {native.library.own_name or "" for native in wheel.contents.natives if native.library}
    needed = {
        name: native.path for native in wheel.modules for name in sorted(_needed(native.library)) if "/" not in name
    }
    found = tuple(
        name for name in needed if name not in brought and not _OF_PYTHON.fullmatch(name) and _is_outside(policy, name)
    )
    if found:
        message = (
            f"the tag promises no {listed(found)}, which {needed[found[0]]} needs, and the wheel does not bring it"
        )
        severity = Severity.INFO if wheel.contents.metadata.requires else Severity.WARNING
        yield Sighting(message=message, files=found, severity=severity)


def _is_outside(policy: SystemPolicy, name: str) -> bool:
    known = policy.provides(name)
    return known is None or known.promise is Promise.DESKTOP


@rule("executable-stack", fix="Link with `-z noexecstack`.")
def executable_stack(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file that asks for an executable stack: glibc 2.41 and later refuse to load it."""
    found = tuple(native.path for native in wheel.libraries if native.library and native.library.executable_stack)
    if found:
        yield Sighting(message=f"asks for an executable stack, which glibc 2.41 refuses: {listed(found)}", files=found)


@rule("text-relocations", fix="Compile all of it with `-fPIC`.")
def text_relocations(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file whose code the loader has to change (DT_TEXTREL): SELinux and Android refuse to load it, PaX too."""
    found = tuple(native.path for native in wheel.libraries if native.library and native.library.text_relocations)
    if found:
        yield Sighting(message=f"has text relocations, which hardened systems refuse: {listed(found)}", files=found)


@rule("newer-processor-than-tag", fix="Compile without `-march=x86-64-v3` and the like, or choose code when it runs.")
def newer_processor(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file that says it needs a level of x86-64 beyond the first, which is all that tags promise.

    glibc from 2.33 on refuses it elsewhere: "CPU ISA level is lower than required".
    """
    levels = {native.path: native.library.processor_level for native in wheel.libraries if native.library}
    found = tuple(path for path, level in levels.items() if level > 1)
    if found:
        message = f"needs processors with x86-64-v{max(levels.values())}: {listed(found)}"
        yield Sighting(message=message, files=found)


@rule("duplicate-search-path", fix="Remove one with `install_name_tool -delete_rpath`, and sign the file anew.")
def duplicate_search_path(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A Mach-O file with the same LC_RPATH twice: dyld of macOS 15.4 refuses it ("duplicate LC_RPATH")."""
    found = tuple(native.path for native in wheel.libraries if any(map(_repeats_path, native.parts)))
    if found:
        yield Sighting(message=f"names a search path twice, which macOS 15.4 refuses: {listed(found)}", files=found)


def _repeats_path(part: NativeLibrary) -> bool:
    return part.format is BinaryFormat.MACHO and len(set(part.rpath)) < len(part.rpath)


@rule("newer-macos-than-tag", fix="Set MACOSX_DEPLOYMENT_TARGET when building, or correct the tag.")
def newer_macos(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files say that they are for a newer macOS than the tag promises; on older ones they may fail when loaded."""
    asked: dict[str, tuple[int, ...]] = {}
    promises: set[tuple[int, int]] = set()
    for native in wheel.libraries:
        for part in native.parts:
            tag = wheel.oldest("macosx", part.architectures[0])
            if tag is None or tag.version is None or part.minimum_os is None or part.platform not in {"", "macos"}:
                continue
            promised = max(tag.version, _FIRST_ARM64) if part.architectures[0].startswith("arm64") else tag.version
            if part.minimum_os[:2] > promised:
                asked[native.path] = max(part.minimum_os[:2], asked.get(native.path, ()))
                promises.add(promised)
    if asked:
        newest = _text(max(asked.values()))
        message = f"the tag promises macOS {_text(min(promises))}, and files say they are for up to {newest}"
        yield Sighting(message=f"{message}: {listed(tuple(asked))}", files=tuple(asked))


@rule("absolute-library-path", fix="Bundle the library with `delocate-wheel`.")
def absolute_path(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A need by a path of the build machine, as `/opt/homebrew/lib/libx.dylib`: other machines don't have it."""
    found: dict[str, str] = {}
    for native in wheel.libraries:
        if native.library and native.library.format is not BinaryFormat.PE:
            names = [need.name for need in native.library.needed]
            for name in names:
                if name.startswith("/") and not name.startswith(_OF_MACOS):
                    found[native.path] = name
    if found:
        first, name = next(iter(found.items()))
        excerpt = "\n".join(f"{path}: {need}" for path, need in found.items())
        yield Sighting(
            message=f"{first} needs {name}, a path of the build machine", files=tuple(found), excerpt=excerpt
        )


@rule("linked-to-libpython", fix="Don't link extension modules to Python's library (PEP 513).")
def linked_to_python(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An extension module that needs Python's own shared library, which most Pythons on Linux and macOS don't have."""
    found = tuple(
        native.path
        for native in wheel.libraries
        if native.is_module
        and native.library
        and not native.library.is_program
        and native.library.format is not BinaryFormat.PE
        and any(_OF_PYTHON.fullmatch(need.name.rpartition("@rpath/")[2]) for need in native.library.needed)
    )
    if found:
        yield Sighting(message=f"needs Python's shared library, which most Pythons lack: {listed(found)}", files=found)


@rule("build-machine-search-path", fix="Remove it with `patchelf --set-rpath` or `install_name_tool -delete_rpath`.")
def search_path(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A search path that is absolute: a folder of the build machine.

    Where everybody may write into the folder (`/tmp`), or it is the working directory, another user's library can be
    loaded from it. Elsewhere it does nothing, unless a user's machine happens to have such a folder.
    """
    for severity, test in ((Severity.WARNING, _is_open), (Severity.INFO, _is_absolute)):
        found: dict[str, str] = {}
        for native in wheel.libraries:
            library = native.library
            for path in (*library.rpath, *library.runpath) if library else ():
                if test(path):
                    found[native.path] = path
        if found:
            first, path = next(iter(found.items()))
            why = "where others may write" if severity is Severity.WARNING else "a folder of the build machine"
            more = f" (and {len(found) - 1} more files)" if len(found) > 1 else ""
            excerpt = "\n".join(f"{file}: {place}" for file, place in found.items())
            message = f"{first} searches {path}, {why}{more}"
            yield Sighting(message=message, files=tuple(found), excerpt=excerpt, severity=severity)


def _is_open(path: str) -> bool:
    return f"{path}/".startswith(_SHARED_FOLDERS) or path == "."


def _is_absolute(path: str) -> bool:
    return path.startswith("/") and not _is_open(path) and not path.startswith(("/usr/lib", "/System/"))


def _needed(library: NativeLibrary | None) -> set[str]:
    return {need.name for need in library.needed} if library else set()


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
