"""The names of native libraries: in folders, in texts, and as look-ups give them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_module_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENDINGS = r"\.(?:so(?:\.[0-9.]+)?|dylib|dll|pyd)"
#: A path, or a name, of a file that a loader may take; the group is its base name.
LIBRARY_PATH = re.compile(rf"(?:.*[/\\])?([^/\\]+{_ENDINGS})", re.IGNORECASE)
_LIBRARY = re.compile(rf"{_ENDINGS}$", re.IGNORECASE)
_QUOTES = ("'", '"')


def is_library(file: str) -> bool:
    """Whether a file is, by the end of its name, one that a loader takes."""
    return bool(_LIBRARY.search(file))


def brings_library(files: Iterable[str], name: str) -> bool:
    """Whether a library may be among files, of which the names are given, under a name that a look-up has for it."""
    stem = posixpath.basename(name).lower().removeprefix("lib").partition(".")[0]
    return any(stem in file.lower() for file in files if is_library(file) and not file.lower().endswith(".pyd"))


def names_library(text: str, file: str) -> bool:
    """Whether a text holds a library's file name at the end of a string, or what such a name is put together from."""
    if is_module_name(file):
        return any(f"{file}{quote}" in text for quote in _QUOTES)
    stem = file.partition(".")[0]
    bare = stem.removeprefix("lib")
    return any(
        f"{file}{quote}" in text or f"{stem}{quote}" in text or f"{quote}{bare}{quote}" in text for quote in _QUOTES
    )
