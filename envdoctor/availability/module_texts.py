"""Texts of a wheel's modules, fetched by folders and kept by project.

The wheels of a release differ in native files alone, and the next release has most texts unchanged. A text is known
again in another wheel of the same project by its path, size and CRC.
"""

from __future__ import annotations

import hashlib
import posixpath
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.net.cache import DiskCache
    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.directory import Member

#: Compressed bytes of the modules of a folder, or of a whole wheel, that are fetched for one of them.
_MOST_OF_FOLDER, _MOST_OF_WHEEL = 512 * 1024, 12 << 20
#: Folders that are fetched one by one, before all are: whoever asks for so many will ask for most.
_FEW = 4
#: Folders whose texts are held in memory, of all wheels together.
_MOST_HELD = 48
_GAP = 16 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """The modules of a folder, as they stand in the archive."""

    modules: dict[str, bytes]


class ModuleTexts:
    """The modules of one wheel. Not to be shared among threads without a lock."""

    def __init__(self, contents: WheelContents, cache: DiskCache, held: dict[str, Texts]) -> None:
        """Fetches nothing yet; `held`: folders in memory, of all wheels, since those of a release have the same."""
        self.project = canonicalize_name(contents.metadata.name)
        self._cache = cache
        self._members = contents.members
        self._folders: dict[str, list[Member]] = {}
        for member in contents.members.values():
            if member.name.endswith(".py"):
                self._folders.setdefault(posixpath.dirname(member.name), []).append(member)
        self._held = held
        self._keys: dict[str, str] = {}
        self._fetched = 0

    def kept(self, name: str) -> bytes | None:
        """What was kept of a module, by this process or an earlier one."""
        folder = posixpath.dirname(name)
        if folder not in self._folders:
            return None
        key = self._keys.get(folder) or self._keys.setdefault(folder, self._key(self._folders[folder]))
        known = self._held.get(key) or self._cache.get_value(key, Texts)
        if known is None:
            return None
        if key not in self._held and len(self._held) >= _MOST_HELD:
            self._held.clear()
        self._held[key] = known
        return known.modules.get(name)

    def fetch(self, name: str, archive: WheelArchive) -> None:
        """Fetches a module with those of its folder and keeps them; in the end it is those of all folders.

        What is too large, or damaged, is left to whoever asks for it.

        Raises:
            NetworkProblem: the server did not answer.
        """
        members = self._folders.get(posixpath.dirname(name), [])
        self._fetched += 1
        if self._fetched == _FEW and sum(map(_size, self._folders.values())) <= _MOST_OF_WHEEL:
            wanted = [each for each in self._folders.values() if self.kept(each[0].name) is None]
        elif members and _size(members) <= _MOST_OF_FOLDER:
            wanted = [members]
        else:
            wanted = []
        alone = [] if wanted or name not in self._members else [name]
        had = [self._of_others(folder) for folder in wanted]
        others = {name for own in had for name in own}
        missing = (each.name for folder in wanted for each in folder if each.name not in others)
        archive.prefetch((*alone, *missing), _MOST_OF_WHEEL, _GAP)
        for folder, own in zip(wanted, had, strict=True):
            self._keep(folder, own, archive)

    def _of_others(self, members: list[Member]) -> dict[str, bytes]:
        """The modules of a folder that another wheel of the project, the last that was looked into, has as well."""
        key = self._cache.get_bytes(self._last(members))
        known = self._cache.get_value(key.decode(), Texts) if key else None
        texts = known.modules if known else {}
        return {
            each.name: texts[each.name]
            for each in members
            if each.name in texts and (len(texts[each.name]), zlib.crc32(texts[each.name])) == (each.size, each.crc)
        }

    def _keep(self, members: list[Member], modules: dict[str, bytes], archive: WheelArchive) -> None:
        for member in members:
            if member.name in modules:
                continue
            try:
                modules[member.name] = archive.read(member.name)
            except Unreadable:
                continue
        self._held.pop(self._key(members), None)
        self._cache.put_value(self._key(members), Texts(modules=modules))
        self._cache.put_bytes(self._last(members), self._key(members).encode())

    def _last(self, members: list[Member]) -> str:
        """What is kept under this: the key of the folder as the last wheel had it."""
        return f"LAST TEXTS {self.project} {posixpath.dirname(members[0].name)}"

    def key_of(self, name: str) -> str:
        """What a module, or another file, is kept as by itself."""
        return self._key([self._members[name]] if name in self._members else [])

    def _key(self, members: Iterable[Member]) -> str:
        told = repr(sorted((each.name, each.size, each.crc) for each in members))
        return f"TEXTS {self.project} {hashlib.sha256(told.encode('utf-8', 'surrogateescape')).hexdigest()}"


def _size(members: Iterable[Member]) -> int:
    return sum(each.compressed_size for each in members)
