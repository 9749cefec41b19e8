"""Symbols that native files of wheels want, and that nothing in the set of wheels, nor the target's system, defines.

What any file of the set defines counts as there, mapped or not: code may load it for all. What may be in a library that
was not read, of a wheel or of the system, is not told as missing, but said to be not looked at.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_summary import undefined_in
from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.python_names import change_of, why_not_in
from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen
from envdoctor.core.target import Libc, System
from envdoctor.imports.macho_names import MachoNames
from envdoctor.support.text import version_tuple
from envdoctor.wheels.layout import runs_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.binaries.resolve import LoadResult
    from envdoctor.binaries.tree import LibraryTree
    from envdoctor.core.target import Platform, Target
    from envdoctor.wheels.contents import WheelContents

#: System libraries whose names are known, by table or by look.
_KNOWN = re.compile(
    r"(?:lib(?:c|m|dl|pthread|rt|util|resolv|z|gcc_s|stdc\+\+|python3[\w.]*)|ld-[\w-]+)\.so[.\d]*|libc\.musl-.*"
)
_ALL = "all"  # the key of names that no version is known of
_CPLUSPLUS = "libstdc++.so"
#: Names of C++'s own library and of its run time, as Itanium's ABI spells them.
_OF_CPLUSPLUS = re.compile(
    r"_ZN?V?K?S[\w]|_ZT[VTIS]N?K?S|_ZT[VTIS][a-z]|_ZT[VTIS]N10__cxxabiv1|_ZN?K?N?(?:9__gnu_cxx|10__cxxabiv1)|_Z(?:nw|na|dl|da)"
    r"|__cxa_|__gxx_|_Unwind_|__dynamic_cast"
)


@frozen
class UndefinedNames:
    """Names that one file of a wheel wants.

    Attributes:
        holder: the file, from site-packages.
        names: in order.
        openers: the files whose load maps it: extension modules, or itself.
        since: for a name that another version of the target's C library or of Python has: which, as part of a sentence.
        unread: what may define them and was not read; empty where nothing defines them.
    """

    holder: str
    names: tuple[str, ...]
    openers: tuple[str, ...]
    since: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()


def undefined_names(
    wheel: WheelContents,
    wheels: Sequence[WheelContents],
    loads: Iterable[LoadResult],
    tree: LibraryTree,
    target: Target,
) -> Iterator[UndefinedNames]:
    """The names that a wheel's files want and that nothing defines which was read; for Linux and macOS.

    Args:
        wheel: it.
        wheels: the set.
        loads: of its files; one that lacks a library fails for that.
        tree: where files are found by the paths in the loads.
        target: where it would be installed.
    """
    if target.platform.system is System.WINDOWS:
        return
    named = _by_name(wheels)
    complete = [load for load in loads if not load.unusable and all(each.need.name in named for each in load.missing)]
    if target.platform.system is System.MACOS:
        yield from _on_macos(complete, MachoNames(wheels, tree, target))
        return
    mapped: dict[str, list[LoadResult]] = {}
    yield from _without_versions(complete, tree)
    for load in complete:
        for path in load.files:
            mapped.setdefault(path, []).append(load)
    left = {path: names for path in mapped if (names := _left_in(path, tree, _defined(wheel)))}
    others = [one for one in wheels if one is not wheel] if left else []
    for path, wanted in left.items():
        open_ = undefined_in(wanted, (hashes for one in others for hashes in _defined(one)))
        names = tuple(name for name in open_ if name not in _names(target.platform) and not _has(target, name))
        if names:
            newer = _newer_names(target.platform)
            since = {name: why_not_in(name, target.interpreter.version) or newer.get(name, "") for name in names}
            yield UndefinedNames(
                holder=path,
                names=names,
                openers=tuple(load.path for load in mapped[path]),
                since=tuple((name, text) for name, text in since.items() if text),
                unread=(*_unseen(wheel, target), *_unread(mapped[path], names, tree, named)),
            )


def _without_versions(loads: Iterable[LoadResult], tree: LibraryTree) -> Iterator[UndefinedNames]:
    """Versions of symbols that a library of a wheel does not define, though it defines others: ld.so refuses that."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for load in loads:
        for each in load.resolutions:
            loader, library = tree.library(each.loader), tree.library(each.path) if each.path else None
            wanted = [need for need in loader.versions if need.file == each.need.name] if loader else []
            for need in wanted if library and library.provides else ():
                if not need.weak and library and need.version not in library.provides:
                    name = f"version {need.version} of {need.file}"
                    found.setdefault((each.loader, name), {})[load.path] = None
    for (holder, name), openers in found.items():
        yield UndefinedNames(holder=holder, names=(name,), openers=tuple(openers))


def _on_macos(loads: Iterable[LoadResult], symbols: MachoNames) -> Iterator[UndefinedNames]:
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for load in loads:
        for lack in symbols.left_in(load):
            found.setdefault(lack, []).append(load.path)
    for (holder, names, unread), openers in found.items():
        yield UndefinedNames(holder=holder, names=names, openers=tuple(openers), unread=unread)


def _has(target: Target, name: str) -> bool:
    """Whether the target's Python exports a name, or may do so: of others than CPython it is not known."""
    is_known = target.interpreter.implementation == "cp"
    return bool(change_of(name)) and not (is_known and why_not_in(name, target.interpreter.version))


def _left_in(path: str, tree: LibraryTree, defined: Iterable[bytes]) -> tuple[str, ...]:
    library = tree.library(path)
    return undefined_in(library.symbols.wanted, defined) if library and library.symbols else ()


def _defined(wheel: WheelContents) -> Iterator[bytes]:
    for native in wheel.natives:
        if native.library and native.library.symbols:
            yield native.library.symbols.defined


def _unseen(wheel: WheelContents, target: Target) -> tuple[str, ...]:
    """The libraries of a wheel whose symbols could not be read."""
    usable = (one for one in wheel.natives if one.library and runs_on(one.library, target.platform))
    return tuple(one.path.rpartition("/")[2] for one in usable if one.library and one.library.symbols is None)


def _by_name(wheels: Iterable[WheelContents]) -> dict[str, NativeLibrary]:
    """The libraries of a set by the names that others need: what is loaded before meets them, wherever it lies."""
    natives = (native for wheel in wheels for native in wheel.natives if native.library)
    return {
        name: native.library
        for native in natives
        for name in (native.path.rpartition("/")[2], native.library and native.library.own_name)
        if native.library and name
    }


def _unread(
    loads: Iterable[LoadResult], names: Iterable[str], tree: LibraryTree, named: Mapping[str, NativeLibrary]
) -> tuple[str, ...]:
    """What the loads map without its symbols being known: libraries of wheels and of the system."""
    found: dict[str, None] = {}
    of_cplusplus = all(map(_OF_CPLUSPLUS.match, names))
    for load in loads:
        for path in load.files:
            library = tree.library(path)
            if library and library.format is BinaryFormat.ELF and library.symbols is None:
                found[path.rpartition("/")[2]] = None
        for each in load.resolutions:
            name = each.need.name.rpartition("/")[2]
            if name in named and not each.path:
                found |= {} if named[name].symbols else {name: None}
                continue
            unknown = not _KNOWN.fullmatch(name) or (of_cplusplus and name.startswith(_CPLUSPLUS))
            if not each.path and unknown:
                found[name] = None
    return tuple(found)


def _names(platform: Platform) -> frozenset[str]:
    """What the C library of a platform exports, and zlib, which every tag promises."""
    return _known_names("zlib", None) | _known_names(
        "musl" if platform.libc is Libc.MUSL else "glibc", platform.version
    )


def is_known_library(name: str) -> bool:
    """Whether it is known what a library of the system exports, by its base name."""
    return bool(_KNOWN.fullmatch(name))


@functools.cache
def names_of_libc() -> frozenset[str]:
    """What the C library of any Linux exports, and zlib."""
    return frozenset().union(*(_known_names(family, None) for family in ("zlib", "musl", "glibc")))


@functools.cache
def _known_names(family: str, version: tuple[int, ...] | None) -> frozenset[str]:
    rows: Mapping[str, str] = load_table("libc_symbols")[family]
    fitting = (text for key, text in rows.items() if version is None or key == _ALL or version_tuple(key) <= version)
    return frozenset(name for text in fitting for name in text.split())


@functools.cache
def _newer_names(platform: Platform) -> dict[str, str]:
    """The names that later versions of the platform's C library have, and what brought each."""
    if platform.libc is Libc.MUSL or platform.version is None:
        return {}
    rows: Mapping[str, str] = load_table("libc_symbols")["glibc"]
    newer = (key for key in rows if version_tuple(key) > platform.version)
    return {name: f"glibc {key} brought" for key in newer for name in rows[key].split()}
