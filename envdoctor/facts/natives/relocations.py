"""Keeps which native files have sound relocations, for as long as they are the same: to look takes seconds."""

from __future__ import annotations

import hashlib
import os
from dataclasses import field
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.core.request import LEFT_OUT
from envdoctor.environments.cache import open_cache
from envdoctor.net.cache import DiskCache
from envdoctor.support.hashing import hash_code

if TYPE_CHECKING:
    from envdoctor.binaries.files import FileBytes
    from envdoctor.core.request import Request
    from envdoctor.facts.python import Python

_LIMIT = 8 << 20
#: Bytes of relocations in one file; the few with more (TensorFlow's, torch's own) would take most of the time.
_MOST_BYTES = 1 << 20


@frozen
class SoundFiles:
    """Files whose relocations were found sound: size, mtime_ns and ctime_ns by path."""

    states: dict[str, tuple[int, int, int]] = field(default_factory=dict)


class Relocations:
    """What is known of the relocations in the files of one environment; only what is sound is kept."""

    def __init__(self, python: Python, request: Request) -> None:
        """Opens the folder; nothing is made before there is something to keep."""
        self._cache = DiskCache(open_cache(request).root / "natives", _LIMIT)
        folders = [folder.path for folder in python.search_path]
        same = "\n".join([hash_code("binaries"), python.executable, *folders])
        self._key = hashlib.sha256(same.encode("utf-8", "surrogateescape")).hexdigest()
        self._left_out = LEFT_OUT in request.topics
        self._known = (self._cache.get_value(self._key, SoundFiles) or SoundFiles()).states
        self._sound: dict[str, tuple[int, int, int]] = {}

    def check(self, path: str, source: FileBytes) -> None:
        """Looks at the relocations of an ELF file, unless that was done before, is too much, or --fast leaves it out.

        Raises:
            Unreadable: see `check_relocations`.
        """
        if self._left_out:
            return
        found = os.stat(path)
        state = found.st_size, found.st_mtime_ns, found.st_ctime_ns
        if self._known.get(path) != state:
            from envdoctor.binaries.elf_relocations import check_relocations

            check_relocations(source, _MOST_BYTES)
        self._sound[path] = state

    def save(self) -> None:
        """Keeps what is sound."""
        if self._sound != self._known and not self._left_out:
            self._cache.put_value(self._key, SoundFiles(states=self._sound))
