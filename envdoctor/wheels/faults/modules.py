"""Rules about extension modules: whether the Pythons and platforms of the tags can import them at all."""

from __future__ import annotations

import functools
import posixpath
import re
import struct
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_hashes import gnu_hash_of
from envdoctor.binaries.macho_symbols import macho_hash
from envdoctor.binaries.python_abi import PythonAbi, fits
from envdoctor.binaries.python_names import python_names
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.support.bytes import MemoryBytes
from envdoctor.support.text import version_tuple
from envdoctor.wheels.reviewed import is_of_tests
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag

    from envdoctor.binaries.library import Need
    from envdoctor.wheels.contents import NativeFile
    from envdoctor.wheels.reviewed import ReviewedWheel

_PYTHON_TAG = re.compile(r"(?P<implementation>cp|pp)(?P<major>\d)(?P<minor>\d+)")
_DEBUG = re.compile(r".*(?:\.cpython-\d+[a-z]*d[a-z]*-.*\.so|_d(?:\.cp\d+-\w+)?\.pyd)")
_LIBC = re.compile(r".*\.cpython-3(?P<minor>\d+)[a-z]*-(?P<arch>\w+)-linux-(?P<libc>gnu|musl)\w*\.so")
_MUSL_IS_NAMED = 11  # "Detect musl libc as a separate SOABI": What's New In Python 3.11
_SUFFIX_ARCHITECTURES = {"i386": "i686", "powerpc64le": "ppc64le", "powerpc64": "ppc64", "arm": "armv7l"}
_CPYTHON = re.compile(r"_?Py(?!Init_)(?:[A-Z][A-Za-z0-9]*)?_\w+")  # how CPython spells the names of its functions
_FIX = "Build the module with the very Python that the tag names, or correct the tag."


@rule("module-of-another-python", fix=_FIX)
def another_python(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An extension module whose file name, or whose Python library, is of another Python than the tag.

    That Python does not find it: `ModuleNotFoundError`. In a wheel for any platform modules are mostly optional.
    """
    if wheel.is_for_any_platform:
        return
    groups: dict[str, list[NativeFile]] = {}
    for native in wheel.modules:
        groups.setdefault(native.path.partition(".")[0], []).append(native)
    for tag in sorted(wheel.tags, key=str):
        found = tuple(files[0].path for files in groups.values() if not _suits(files, tag))
        if found:
            yield Sighting(message=f"the tag {tag} promises Pythons that can't import {listed(found)}", files=found)
            return


def _suits(files: list[NativeFile], tag: Tag) -> bool:
    abis = [native.python or PythonAbi() for native in files]
    match = _PYTHON_TAG.fullmatch(tag.interpreter)
    if tag.abi in {"abi3", "abi3t"}:
        return any(abi.stable or not abi.implementation for abi in abis)
    if match is None:  # py3 and the like: several versions of a module are meant for several Pythons
        return len({abi.version for abi in abis}) > 1 or any(abi.stable or not abi.implementation for abi in abis)
    version = int(match["major"]), int(match["minor"])
    free_threaded = tag.abi.endswith("t") and tag.abi[:2] == "cp"
    return any(fits(abi, match["implementation"], version, free_threaded=free_threaded) for abi in abis)


@rule("module-suffix-platform", fix="Build for the C library and processor of the tag, or correct the tag.")
def suffix_platform(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file name that says another C library or processor than the tag, as `-linux-musl.so` in a manylinux wheel.

    Python looks only for the suffix of its own platform.
    """
    architectures = {architecture for platform in wheel.platforms for architecture in platform.architectures}
    found = []
    for native in wheel.modules:
        match = _LIBC.fullmatch(posixpath.basename(native.path))
        if match is None:
            continue
        musl_named = match["libc"] == "musl" or int(match["minor"]) < _MUSL_IS_NAMED
        wrong = (wheel.is_for("musllinux") and not wheel.is_for("manylinux", "linux") and not musl_named) or (
            match["libc"] == "musl" and wheel.is_for("manylinux") and not wheel.is_for("musllinux")
        )
        arch = _SUFFIX_ARCHITECTURES.get(match["arch"], match["arch"])
        if wrong or (architectures and arch not in architectures):
            found.append(native.path)
    if found:
        platforms = listed([platform.text for platform in wheel.platforms])
        message = f"Pythons of {platforms} do not look for the suffix of {listed(found)}"
        yield Sighting(message=message, files=tuple(found))


@rule("debug-module", fix="Build with a release build of Python.")
def debug_module(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module for a debug build of Python, which others do not import."""
    if any("d" in tag.abi.removeprefix("cp").strip("0123456789") for tag in wheel.tags):
        return
    found = tuple(native.path for native in wheel.modules if _DEBUG.fullmatch(posixpath.basename(native.path)))
    if found:
        yield Sighting(message=f"for a debug build of Python: {listed(found)}", files=found)


@rule("module-of-another-processor", fix="Build for the platform of the tag, or correct the tag.")
def another_processor(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An extension module that is for another system or processor than every platform of the tags.

    With a tag for universal files: one that lacks a processor.
    """
    if any(not platform.architectures for platform in wheel.platforms):
        return
    found: dict[str, str] = {}
    modules = [native for native in wheel.modules if native.library]
    others = {native.path.partition(".")[0] for native in modules if native in wheel.libraries}
    for native in modules:
        library = native.library
        if library and native not in wheel.libraries and native.path.partition(".")[0] not in others:
            found[native.path] = f"{library.format.value} {'/'.join(library.architectures)}"
    for native in modules:
        library = native.library
        if library and native in wheel.libraries:
            lacking = [
                platform
                for platform in wheel.platforms
                if not set(platform.architectures) <= set(library.architectures)
            ]
            if len(lacking) == len(wheel.platforms):
                found[native.path] = f"{library.format.value} {'/'.join(library.architectures)} only"
    if found:
        platforms = listed([platform.text for platform in wheel.platforms])
        first, kind = next(iter(found.items()))
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Sighting(message=f"the tag is for {platforms}, and {first}{more} is {kind}", files=tuple(found))


@rule("library-of-another-platform", fix="Build for the platform of the tag, or leave the file out.")
def another_platform(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A program or library that is for another system or processor than every platform of the tags.

    Where none in the wheel is for the tag's, whatever starts or loads them fails; beside others it may be meant.
    """
    if any(not platform.architectures for platform in wheel.platforms):
        return
    others = {
        native.path: f"{native.library.format.value} {'/'.join(native.library.architectures)}"
        for native in wheel.contents.natives
        if native.library and native not in wheel.libraries and not native.is_module and not is_of_tests(native.path)
    }
    if others:
        first, kind = next(iter(others.items()))
        message = f"the tag is for {listed([platform.text for platform in wheel.platforms])}, and {first} is {kind}"
        some_fit = bool(wheel.libraries or wheel.modules)
        severity = Severity.INFO if some_fit else Severity.WARNING
        yield Sighting(message=message, files=tuple(others), severity=severity)


@rule(
    "stable-abi-floor",
    needs=Part.WHOLE,
    fix="Raise the Python of the tag (and Py_LIMITED_API) to that version, or do without those functions.",
)
def stable_abi_floor(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module for the stable ABI that uses what a later Python brought than the tag says, or what is not of that ABI.

    The import fails on the older Pythons that the tag promises, or, for what is not stable, on some later one.
    """
    floors = [_version_of(tag.interpreter) for tag in wheel.tags if tag.abi in {"abi3", "abi3t"}]
    floor = min(filter(None, floors), default=None)
    later: dict[str, dict[str, tuple[int, ...]]] = {}
    unstable: dict[str, set[str]] = {}
    for native in wheel.modules if floor else ():
        for name in _python_names(wheel, native):
            since = _stable_names().get(name)
            if since is None and _CPYTHON.fullmatch(name) and not _may_be_anothers(name, wheel):
                unstable.setdefault(native.path, set()).add(name)
            elif since and floor and since > floor:
                later.setdefault(native.path, {})[name] = since
    if later:
        path, names = max(later.items(), key=lambda item: max(item[1].values()))
        newest = max(names, key=lambda name: names[name])
        message = (
            f"the tag promises Python {_dotted(floor)}, and {path} uses {newest} of Python {_dotted(names[newest])}"
        )
        words = "\n".join(f"{name}: {_dotted(since)}" for name, since in sorted(names.items()))
        yield Sighting(message=message, files=tuple(later), excerpt=words)
    if unstable:
        path, found = next(iter(unstable.items()))
        message = f"the tag says abi3, and {path} uses what is not of the stable ABI: {listed(sorted(found))}"
        yield Sighting(message=message, files=tuple(unstable), excerpt="\n".join(sorted(found)))


def _python_names(wheel: ReviewedWheel, native: NativeFile) -> frozenset[str]:
    python = native.python
    if native.library is None or not python or not (python.stable or not python.implementation):
        return frozenset()
    try:
        return python_names(MemoryBytes(wheel.read(native.member))) or frozenset()
    except (Unreadable, struct.error):  # other rules tell of damage
        return frozenset()


def _may_be_anothers(name: str, wheel: ReviewedWheel) -> bool:
    """Whether a library of the wheel defines a name, or one may do so that the wheel does not bring."""
    symbols = [native.library.symbols for native in wheel.contents.natives if native.library]
    hashes = (gnu_hash_of(name.encode()) | 1, macho_hash(f"_{name}".encode()))
    if any(each is None or any(map(each.has, hashes)) for each in symbols):
        return True
    return any("abi3" in need.name or "shiboken" in need.name for each in wheel.libraries for need in _needed(each))


def _needed(native: NativeFile) -> tuple[Need, ...]:
    return native.library.needed if native.library else ()


def _version_of(interpreter: str) -> tuple[int, int] | None:
    match = _PYTHON_TAG.fullmatch(interpreter)
    return (int(match["major"]), int(match["minor"])) if match else None


def _dotted(version: tuple[int, ...] | None) -> str:
    return ".".join(map(str, version or ()))


@functools.cache
def _stable_names() -> dict[str, tuple[int, ...]]:
    rows: dict[str, str] = load_table("stable_abi")["since"]
    return {name: version_tuple(key) for key, text in rows.items() for name in text.split()}
