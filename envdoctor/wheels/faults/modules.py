"""Rules about extension modules: whether the Pythons and platforms of the tags can import them at all."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import PythonAbi, fits
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag

    from envdoctor.wheels.contents import NativeFile
    from envdoctor.wheels.reviewed import ReviewedWheel

_PYTHON_TAG = re.compile(r"(?P<implementation>cp|pp)(?P<major>\d)(?P<minor>\d+)")
_DEBUG = re.compile(r".*(?:\.cpython-\d+[a-z]*d[a-z]*-.*\.so|_d(?:\.cp\d+-\w+)?\.pyd)")
_LIBC = re.compile(r".*\.cpython-3(?P<minor>\d+)[a-z]*-(?P<arch>\w+)-linux-(?P<libc>gnu|musl)\w*\.so")
_MUSL_IS_NAMED = 11  # "Detect musl libc as a separate SOABI": What's New In Python 3.11
_SUFFIX_ARCHITECTURES = {"i386": "i686", "powerpc64le": "ppc64le", "powerpc64": "ppc64", "arm": "armv7l"}
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
