"""Short ways to write down libraries and the places they would be in."""

from __future__ import annotations

from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need
from envdoctor.binaries.resolve import Image, LoadSession
from envdoctor.binaries.tree import PlannedTree


def elf(*needed, **fields):
    """An ELF library for x86_64 that needs those sonames (or `Need`s)."""
    return _library(BinaryFormat.ELF, needed, {"architectures": ("x86_64",)} | fields)


def macho(*needed, **fields):
    """A Mach-O library for arm64 that needs those install names."""
    return _library(BinaryFormat.MACHO, needed, {"architectures": ("arm64",)} | fields)


def pe(*needed, **fields):
    """A DLL for amd64 that needs those DLLs."""
    return _library(BinaryFormat.PE, needed, {"architectures": ("amd64",)} | fields)


def _library(kind, needed, fields):
    needs = tuple(need if isinstance(need, Need) else Need(name=need) for need in needed)
    return NativeLibrary(format=kind, needed=needs, **fields)


def session(search, files, architecture="x86_64", *, ignore_case=False):
    """A process on a tree of the given files."""
    return LoadSession(PlannedTree(files, ignore_case=ignore_case), search, architecture)


def image(path, library, loader=None):
    """A file that is being loaded."""
    return Image(path, library, loader)


def missing_names(result):
    """What a file can't be loaded for, by name."""
    return [each.need.name for each in result.missing]
