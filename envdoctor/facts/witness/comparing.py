"""Where a witness says something else of a file than envdoctor reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.binaries.library import NeedKind
from envdoctor.facts.loading.versions import missing_versions
from envdoctor.facts.witness import Disagreement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envdoctor.binaries.resolve import LoadResult, Resolution
    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.witness import Account

_HARDWARE = "/glibc-hwcaps/"
#: How musl's loader names itself: by its file, or as it was called.
_MUSL = ("ld-musl-", "ldd")
_NAMED, _NOT_NAMED = "named", "not named"


def different_paths(account: Account, file: NativeFile, result: LoadResult) -> Iterator[Disagreement]:
    """Libraries of which `ldd` says another path, or that only one of the two finds.

    Args:
        account: what it says.
        file: the file.
        result: what loading that file alone comes to.
    """
    theirs = account.words.found
    ours: dict[str, list[str]] = {}
    for each in result.resolutions:
        # ldd passes over what may be absent, and over the file itself where its libraries need it again.
        spoken = each.need.kind is NeedKind.REQUIRED and _one(each.path) != _one(file.path)
        name = _told(each)
        if (spoken or name in theirs) and not _is_loader(name):
            # musl's ldd tells a file that can't be read as one that it did not find.
            unread = bool(each.considered) and bool(each.considered[-1].problem)
            ours.setdefault(name, []).append("" if unread else each.path)
    told = _files([path for paths in theirs.values() for path in paths]) - {""}
    for name in dict.fromkeys([*ours, *theirs]):
        if not _agree(ours.get(name, ()), theirs.get(name, ()), told):
            told_by_us, told_by_them = (_shown(one.get(name, ())) for one in (ours, theirs))
            yield Disagreement(account=account, name=name, ours=told_by_us, theirs=told_by_them)


def different_versions(account: Account, file: NativeFile, result: LoadResult) -> Iterator[Disagreement]:
    """Libraries of which only one of the two says that they lack a symbol version that the file itself requires."""
    found = {each.need.name: each.path for each in result.resolutions if each.loader == file.path}
    theirs: dict[str, list[str]] = {}
    for each in account.words.versions:
        if _one(each.by) == _one(file.path):
            theirs.setdefault(_one(each.library), []).append(each.version)
    ours = {_one(row.found): row.version for row in missing_versions([(file, found)], frozenset())}
    for library in dict.fromkeys([*ours, *theirs]):
        lacked, heard = ours.get(library), theirs.get(library, [])
        version = lacked or heard[0]
        if (lacked is not None) != (version in heard):
            yield Disagreement(
                account=account,
                name=version,
                ours=f"{library} {'lacks' if lacked else 'has'} it",
                theirs=f"{library} {'lacks' if version in heard else 'has'} it",
            )


def different_names(account: Account, ours: Collection[str]) -> Iterator[Disagreement]:
    """Install names that only one of `otool` and envdoctor reads."""
    theirs = account.words.found
    for name in sorted({*ours} ^ {*theirs}):
        said = (_NAMED, _NOT_NAMED) if name in ours else (_NOT_NAMED, _NAMED)
        yield Disagreement(account=account, name=name, ours=said[0], theirs=said[1])


def _told(each: Resolution) -> str:
    """A need as `ldd` tells it: of a path with $ORIGIN in it, the path that it comes to."""
    if "$" not in each.need.name:
        return each.need.name
    return each.considered[0].path if each.considered else each.path


def _shown(paths: Collection[str]) -> str:
    return " and ".join(dict.fromkeys(path or "not found" for path in paths)) or _NOT_NAMED


def _is_loader(name: str) -> bool:
    return name.rpartition("/")[2].startswith("ld-")


def _agree(ours: Collection[str], theirs: Collection[str], told: set[str]) -> bool:
    """Whether two answers are the same files.

    A file that is needed by several names is told by one of them, so that it may be among those told already. A variant
    for this very processor (glibc-hwcaps) stands for the plain file. musl takes itself for every part of a C library,
    glibc's too; that its functions would not do for such a file, it tells in other words.
    """
    if any(path.rpartition("/")[2].startswith(_MUSL) for path in theirs):
        return True
    if any(_HARDWARE in path for path in theirs):
        return {path.rpartition("/")[2] for path in ours} == {path.rpartition("/")[2] for path in theirs}
    return _files(theirs) <= _files(ours) and _files(ours) - _files(theirs) <= told


def _files(paths: Collection[str]) -> set[str]:
    return {_one(path) for path in paths}


def _one(path: str) -> str:
    """One name for one file; "" stays what stands for none."""
    return os.path.realpath(path) if path else ""
