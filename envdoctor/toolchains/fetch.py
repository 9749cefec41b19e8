"""From a source to an archive or folder on this disk, with what is known of it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from envdoctor.core.command import Command
from envdoctor.core.errors import ToolchainProblem, Unreadable
from envdoctor.support.files import open_regular
from envdoctor.toolchains import deb
from envdoctor.toolchains.apt_repository import find_package
from envdoctor.toolchains.catalogue import CatalogueEntry, Source, SourceKind

if TYPE_CHECKING:
    from envdoctor.executors import Executor
    from envdoctor.net.session import Session

_APT_SECONDS = 600.0
_MAX_ARCHIVE = 512 << 20
_VERSION_IN_NAME = re.compile(r"_(\d+(?:\.\d+)+)[_.]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Something to unpack.

    Attributes:
        path: an archive, a folder or a single program.
        source: what it is called in the receipt.
        sha256: of a file; empty for a folder.
        pinned: True if that hash was known beforehand.
        version: as its package or its file name says; empty if neither does.
    """

    path: Path
    source: str
    sha256: str = ""
    pinned: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Gets toolchains from their sources.

    Attributes:
        session: asks servers.
        executor: runs the system's apt.
        folder: an empty folder for downloads.
    """

    session: Session
    executor: Executor
    folder: Path

    def fetch(self, entry: CatalogueEntry, source: Source) -> tuple[Fetched, ...]:
        """Get it; several candidates if only a look inside tells which one holds it.

        Raises:
            NetworkProblem: a server does not answer.
            Unreadable: an index or a file is damaged, or has another hash than it should.
            ToolchainProblem: the source has no such thing, or is not there.
        """
        if source.kind is SourceKind.APT:
            return (self._from_apt(entry, source),)
        if source.kind is SourceKind.URL:
            return (self._from_url(source),)
        if source.kind is SourceKind.SYSTEM_APT:
            return self._from_system(entry)
        return (_from_path(source),)

    def _from_apt(self, entry: CatalogueEntry, source: Source) -> Fetched:
        package = find_package(self.session, source, entry.package, entry.architecture)
        path = self.folder / "package.deb"
        self.session.download(package.url, path, sha256=package.sha256, limit=_MAX_ARCHIVE)
        return Fetched(path=path, source=package.url, sha256=package.sha256, pinned=True, version=package.version)

    def _from_url(self, source: Source) -> Fetched:
        name = Path(unquote(urlsplit(source.location).path)).name or "archive"
        path = self.folder / "archive"
        self.session.download(source.location, path, sha256=source.sha256 or None, limit=_MAX_ARCHIVE)
        return describe(path, source=source.location, name=name, pinned=bool(source.sha256))

    def _from_system(self, entry: CatalogueEntry) -> tuple[Fetched, ...]:
        """The packages, downloaded by apt as this user; with lists of its own if the system's know nothing."""
        if not shutil.which("apt-get"):
            raise ToolchainProblem("this system has no apt-get")
        packages = entry.system_packages or ((entry.package,) if entry.package else ())
        if not packages:
            raise ToolchainProblem(f"the catalogue names no package of this system for {entry.name}")
        problems = []
        for private in (False, True):
            options = self._private_apt() if private else ()
            for package in packages:
                said = self._apt_get(options, "download", package)
                if said:
                    problems.append(f"apt-get download {package}: {said}")
            found = sorted(self.folder.glob("*.deb"), key=lambda path: path.name.partition("_")[0], reverse=True)
            if found:
                return tuple(describe(path, source=f"apt: {path.name}", name=path.name, pinned=True) for path in found)
        raise ToolchainProblem("; ".join(dict.fromkeys(problems)))

    def _private_apt(self) -> tuple[str, ...]:
        """Options that make apt keep its lists in our folder, freshly updated."""
        state, cache = self.folder / "lists", self.folder / "cache"
        for folder in (state / "partial", cache / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        options = ("-o", f"Dir::State::Lists={state}", "-o", f"Dir::Cache={cache}")
        self._apt_get(options, "update")
        return options

    def _apt_get(self, options: tuple[str, ...], *words: str) -> str:
        """What went wrong; empty if nothing did."""
        argv = ("apt-get", "-q", "-o", "APT::Sandbox::User=", *options, *words)
        command = Command(argv=argv, cwd=self.folder, env={"LC_ALL": "C.UTF-8"}, timeout=_APT_SECONDS)
        result = self.executor.run(command)
        return "" if result.ok else result.last_line or result.describe_failure()


def _from_path(source: Source) -> Fetched:
    path = Path(source.location).expanduser()
    if path.is_dir():
        return Fetched(path=path, source=str(path))
    if not path.exists():
        raise ToolchainProblem(f"{path} does not exist")
    found = describe(path, source=str(path), name=path.name, pinned=bool(source.sha256))
    if source.sha256 and found.sha256 != source.sha256.lower():
        raise Unreadable(f"{path} has the SHA-256 {found.sha256}, expected {source.sha256}")
    return found


def describe(path: Path, *, source: str, name: str, pinned: bool) -> Fetched:
    """An archive on disk: its hash, and its version from its control fields or its name.

    Raises:
        Unreadable: it can't be read, or is larger than any archive of a toolchain.
    """
    try:
        digest = hashlib.sha256()
        with open_regular(path) as raw, io.BufferedReader(raw) as stream:
            if os.fstat(raw.fileno()).st_size > _MAX_ARCHIVE:
                raise Unreadable(
                    f"{path} is larger than {_MAX_ARCHIVE >> 20} MiB, more than any archive of a toolchain"
                )
            is_package = stream.read(len(deb.MAGIC)) == deb.MAGIC
            stream.seek(0, os.SEEK_SET)
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error}") from error
    match = _VERSION_IN_NAME.search(name)
    version = deb.read_control(path).get("Version", "") if is_package else match.group(1) if match else ""
    return Fetched(path=path, source=source, sha256=digest.hexdigest(), pinned=pinned, version=version)
