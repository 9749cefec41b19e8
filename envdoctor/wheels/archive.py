"""A wheel as an archive: its files by name, each read whole or in parts, from a local file or over ranges."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import BytesRange
from envdoctor.wheels.directory import STORED, read_directory
from envdoctor.wheels.member import WHOLE_BELOW, PackedBytes, content_offset, inflated
from envdoctor.wheels.metered import Metered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.support.bytes import RandomAccess
    from envdoctor.wheels.directory import Member
    from envdoctor.wheels.metered import Run

_LARGEST_TEXT = 64 << 20  # a RECORD of 100,000 rows is 15 MB
_MOST_NEIGHBOURS, _MODULE_GAP = 512 * 1024, 8 * 1024
_HEADER_ROOM = 128  # local header and its extra field, beyond the name


class WheelArchive:
    """The files of a wheel (PEP 427), which is a zip file.

    Attributes:
        members: the files by name.
        source: what is read, counted.
        looked_at: the names of the members that were read, in whole or in part, so that their local headers were held
            against the directory.
    """

    def __init__(self, source: RandomAccess, members: dict[str, Member] | None = None) -> None:
        """Reads the central directory, unless `members` says what is in it.

        Raises:
            Unreadable: not a zip file, damaged, or beyond the limits.
            NetworkProblem: a remote source did not answer.
        """
        self.source = Metered(source)
        self.members = read_directory(self.source) if members is None else members
        self.looked_at: set[str] = set()
        self._fetched_folders: set[str] = set()

    def check_headers(self, names: Iterable[str]) -> None:
        """Holds the local headers of members against the directory.

        Raises:
            Unreadable: one says something else.
        """
        for name in names:
            content_offset(self.source, self.member(name))

    def read(self, name: str, most: int = _LARGEST_TEXT) -> bytes:
        """A member's whole content, its CRC verified.

        Raises:
            Unreadable: no such member, damaged, or larger than `most` bytes (64 MiB).
        """
        member = self.member(name)
        if member.size > most:
            raise Unreadable(f"{name} has {member.size} bytes, too many to be read whole")
        return b"".join(inflated(self.source, member))

    def read_text(self, name: str, most: int = _LARGEST_TEXT) -> str:
        """A member's content as UTF-8; bytes that are not become surrogates; raises as `read`."""
        return self.read(name, most).decode("utf-8", "surrogateescape")

    def read_module(self, name: str) -> str:
        """A Python module's text; with the first of a folder its neighbours are fetched: imports will ask for them."""
        folder = posixpath.dirname(name)
        if folder not in self._fetched_folders:
            self._fetched_folders.add(folder)
            modules = [each for each in self.members.values() if each.name.endswith(".py")]
            near = [each for each in modules if posixpath.dirname(each.name) == folder]
            if sum(each.compressed_size for each in near) <= _MOST_NEIGHBOURS:
                self.prefetch((each.name for each in near), _MOST_NEIGHBOURS, _MODULE_GAP)
        return self.read_text(name)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's content in pieces of at most 1 MiB; the CRC is verified after the last."""
        return inflated(self.source, self.member(name))

    def open(self, name: str, whole_below: int = WHOLE_BELOW) -> RandomAccess:
        """A member as bytes that can be read anywhere, of which only what is asked for is fetched.

        Raises:
            Unreadable: no such member, damaged, or packed by an unknown method.
        """
        member = self.member(name)
        if member.method == STORED:
            return BytesRange(self.source, content_offset(self.source, member), member.size)
        return PackedBytes(self.source, member, whole_below)

    def prefetch(self, names: Iterable[str], most: int, gap: int, run: Run = map) -> None:
        """Fetches the first `most` compressed bytes of members that will be read; see `Metered.prefetch`."""
        members = [self.members[name] for name in names]
        spans = [
            (each.offset, each.offset + _HEADER_ROOM + len(each.name) + min(each.compressed_size, most))
            for each in members
        ]
        self.source.prefetch(spans, gap, run)

    def member(self, name: str) -> Member:
        """A member's entry.

        Raises:
            Unreadable: there is none.
        """
        try:
            member = self.members[name]
        except KeyError:
            raise Unreadable(f"the archive has no {name}") from None
        self.looked_at.add(name)
        return member
