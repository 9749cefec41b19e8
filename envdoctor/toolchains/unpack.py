"""Unpacks archives so that nothing leaves the folder and nothing grows without bound."""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import Inflated, Source
from envdoctor.toolchains import deb
from envdoctor.toolchains.tar import Member, MemberKind, TarReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RESERVED = frozenset('\\:<>|"?*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may hold at most: bytes of all files together, and members."""

    size: int = 1 << 30
    members: int = 20_000


def unpack(
    archive: Path,
    folder: Path,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    limits: Limits | None = None,
) -> tuple[str, ...]:
    """Unpack a .deb or a (compressed) tar archive, told by content.

    Args:
        archive: the file.
        folder: an existing, empty folder.
        wanted: says by its path (`usr/bin/x`) whether a member is to be written.
        limits: see Limits.

    Returns:
        The paths written, links included, relative to the folder.

    Raises:
        Unreadable: it is no such archive, damaged, larger than the limits, or has a member that would land or point
            outside the folder.
    """
    try:
        with archive.open("rb") as stream:
            writer = _Writer(folder=folder, limits=limits or Limits(), wanted=wanted)
            return writer.write(TarReader(Inflated(_tar_stream(stream), 2 * writer.limits.size)))
    except (Unreadable, OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before CPython 3.13
        raise Unreadable(f"{archive.name} can't be unpacked: {error}") from error


def _tar_stream(stream: BinaryIO) -> Source:
    magic = stream.read(len(deb.MAGIC))
    stream.seek(0)
    return deb.find_part(stream, "data.tar") if magic == deb.MAGIC else stream


@dataclass(slots=True)
class _Writer:
    folder: Path
    limits: Limits
    wanted: Callable[[str], bool]
    size: int = 0
    written: dict[str, Member] = field(default_factory=dict)

    def write(self, reader: TarReader) -> tuple[str, ...]:
        """Files first; links only when all are written, so that no file can be written through one."""
        for count, member in enumerate(reader):
            if count >= self.limits.members:
                raise Unreadable(f"it has more than {self.limits.members} members")
            path = _inner_path(member.name)
            if path and self.wanted(path):
                self._one(path, member, reader)
        links = {path: member.target for path, member in self.written.items() if member.kind is MemberKind.LINK}
        for path, target in links.items():
            self._link(path, target)
        root = self.folder.resolve()
        for path, target in links.items():  # only now is it known where links to links lead
            with contextlib.suppress(FileNotFoundError):
                (self.folder / path).stat()  # fails on links in a circle, which resolve() need not mind
            if not (self.folder / path).resolve().is_relative_to(root):
                raise Unreadable(f"{path!r} is a link that leaves the folder, to {target!r}")
        return tuple(self.written)

    def _one(self, path: str, member: Member, reader: TarReader) -> None:
        if member.kind is MemberKind.FOLDER:
            self._make_folder(self.folder / path, path)
            return
        if path in self.written:
            raise Unreadable(f"it has {path!r} twice")
        self._make_folder((self.folder / path).parent, path)
        if member.kind is MemberKind.FILE:
            self._file(path, member, reader)
        elif member.kind is MemberKind.HARD_LINK:
            self._copy(path, _inner_path(member.target))
        self.written[path] = member

    def _make_folder(self, folder: Path, path: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise Unreadable(f"it has a file where {path!r} needs a folder") from error

    def _grow(self, size: int) -> None:
        self.size += size
        if self.size > self.limits.size:
            raise Unreadable(f"it holds more than {self.limits.size:,} bytes")

    def _file(self, path: str, member: Member, reader: TarReader) -> None:
        self._grow(member.size)
        target = self.folder / path
        try:
            with target.open("xb") as out:
                for piece in reader.pieces():
                    out.write(piece)
        except FileExistsError as error:
            raise Unreadable(f"it has {path!r} twice") from error
        target.chmod(0o755 if member.executable else 0o644)

    def _copy(self, path: str, source: str) -> None:
        earlier = self.written.get(source)
        if earlier is None or earlier.kind is not MemberKind.FILE:
            raise Unreadable(f"{path!r} is a hard link to {source!r}, which is no file before it")
        self._grow(earlier.size)
        shutil.copy2(self.folder / source, self.folder / path)

    def _link(self, path: str, target: str) -> None:
        inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if "\0" in target or target.startswith("/") or inner.startswith("../") or inner == "..":
            raise Unreadable(f"{path!r} is a link that leaves the folder, to {target!r}")
        (self.folder / path).symlink_to(target)


def _inner_path(name: str, *, windows: bool = os.name == "nt") -> str:
    """`./usr/bin/x` -> `usr/bin/x`; an empty string for the folder itself.

    Raises:
        Unreadable: it leads out of the folder, or can't be a path here.
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if "\0" in name:
        raise Unreadable(f"{name[:200]!r} is a path that no system can have")
    if name.startswith("/") or ".." in parts:
        raise Unreadable(f"{name[:200]!r} is a path that leaves the folder")
    if windows and any(set(part) & _RESERVED for part in parts):
        raise Unreadable(f"{name[:200]!r} is a path that Windows can't have")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unreadable(f"{name[:200]!r} is a path that is not UTF-8") from error
    return "/".join(parts)
