"""The names of native libraries: in folders, in texts, and as look-ups give them."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_module_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENDINGS = r"\.(?:so(?:\.[0-9.]+)?|dylib|dll|pyd)"
#: A path, or a name, of a file that a loader may take; the group is its base name.
LIBRARY_PATH = re.compile(rf"(?:.*[/\\])?([^/\\]+{_ENDINGS})", re.IGNORECASE)
_LIBRARY = re.compile(rf"{_ENDINGS}$", re.IGNORECASE)
_LONGEST = 255  # bytes of a file name, on every system
#: A pattern of names with a beginning of its own, as glob takes it; the group is its last part. `*.so` says nothing.
PATTERN = re.compile(rf"['\"](?:[^'\"\n]*/)?([\w.-]+\*[^'\"\n/]*{_ENDINGS}\*?)['\"]", re.IGNORECASE)


def is_library(file: str) -> bool:
    """Whether a file is, by the end of its name, one that a loader takes."""
    return bool(_LIBRARY.search(file))


def is_file_asked_for(name: str) -> bool:
    """Whether a look-up's name is a file's, which a loader takes, rather than the middle of one for `find_library`.

    That is also asked for relative paths, such as `lib/libportaudio.dylib`: those name no file that a loader is given.
    """
    path = name.replace("\\", "/")
    return is_library(name) and ("/" not in path or path.startswith("/"))


def brings_library(files: Iterable[str], name: str) -> bool:
    """Whether a library may be among files, of which the names are given, under a name that a look-up has for it."""
    stem = posixpath.basename(name).lower().removeprefix("lib").partition(".")[0]
    return any(stem in file.lower() for file in files if is_library(file) and not file.lower().endswith(".pyd"))


class NamesInTexts:
    """Which names of libraries stand in texts: at the end of a string, as a pattern, or as what they are made from."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Takes the texts apart at their quotes, once for all names that are asked about."""
        endings: set[str] = set()
        self._whole: set[str] = set()
        self._patterns: set[str] = set()
        for text in texts:
            self._patterns.update(PATTERN.findall(text))
            pieces = text.replace('"', "'").split("'")
            endings.update(piece[-_LONGEST:] for piece in pieces[:-1])
            self._whole.update(piece for piece in pieces[1:-1] if len(piece) <= _LONGEST)
        self._backwards = sorted(ending[::-1] for ending in endings)

    def name(self, file: str) -> bool:
        """Whether a text holds a library's file name at the end of a string, or what may be put together to it."""
        if any(fnmatchcase(file, pattern) for pattern in self._patterns):
            return True
        if is_module_name(file):
            return self._ends(file)
        stem = file.partition(".")[0]
        return self._ends(file) or self._ends(stem) or stem.removeprefix("lib") in self._whole

    def _ends(self, word: str) -> bool:
        backwards = word[::-1]
        place = bisect_left(self._backwards, backwards)
        return place < len(self._backwards) and self._backwards[place].startswith(backwards)
