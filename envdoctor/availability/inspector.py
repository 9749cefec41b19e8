"""Looks into wheels on an index, several at once, and remembers what was found: a wheel with a hash never changes."""

from __future__ import annotations

import functools
import threading
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.availability.module_texts import ModuleTexts, Texts
from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.core.holdings import Holding
from envdoctor.core.target import System
from envdoctor.imports.names import ModuleNames
from envdoctor.imports.packages import PackageVerdict, judge_package
from envdoctor.imports.removed_names import removed_since
from envdoctor.index.access import opened
from envdoctor.net.ranges import TAIL
from envdoctor.net.urls import is_remote
from envdoctor.support.hashing import hash_code
from envdoctor.support.parallel import in_parallel
from envdoctor.support.requirement import normal_name
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.contents import WheelContents, read_contents
from envdoctor.wheels.module_index import ModuleIndex
from envdoctor.wheels.numpy_use import NumpyUse, find_numpy_use, module_stem
from envdoctor.wheels.review import Review, review

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.core.target import Target
    from envdoctor.imports.wheel_site import Beside
    from envdoctor.index.client import IndexClient
    from envdoctor.index.project import IndexFile
    from envdoctor.net.cache import DiskCache

_WORKERS = 6
#: Bytes from which a wheel takes hundreds of megabytes of memory to be looked into, and how many such ones at once.
_LARGE, _LARGE_AT_ONCE = 128 << 20, 2
#: What decides what is seen in a wheel: what older code saw is looked at again.
_CODE = ("imports", "wheels", "binaries", "support", "core", "data")
_MOST_VERDICTS = 24
_NUMPY_BYTES = 96 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspected:
    """One wheel that was looked into.

    Attributes:
        file: which.
        contents: what is in it; None if it could not be looked into.
        problem: why not.
        damaged: what could be seen of a wheel whose parts contradict each other: no ground for a verdict.
    """

    file: IndexFile
    contents: WheelContents | None = None
    problem: NetworkProblem | Unreadable | None = None
    damaged: WheelContents | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownVerdicts:
    """What importing a package of one wheel comes to, in each set that was met."""

    verdicts: tuple[PackageVerdict, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """Which modules and names a wheel has."""

    found: dict[str, Holding]


class Inspector:
    """Looks into wheels. Safe to share among threads; each wheel is read once."""

    def __init__(self, client: IndexClient, progress: Callable[[int, int], None] | None = None) -> None:
        """`progress` is told, while several are looked into, how many are done, of how many."""
        self._client = client
        self._progress = progress
        self._lock = threading.Lock()
        self._large = threading.Semaphore(_LARGE_AT_ONCE)
        self._turns: dict[str, threading.Lock] = {}
        self._known: dict[str, Inspected] = {}
        self._judged: dict[str, KnownVerdicts] = {}
        self._indexes: dict[str, ModuleIndex] = {}
        self._texts: dict[str, ModuleTexts] = {}
        self._held: dict[str, Texts] = {}
        self._deciding: dict[str, str] = {}

    @property
    def cache(self) -> DiskCache | None:
        """Where what was found is kept from one run to the next, if anywhere."""
        return self._client.cache

    def all(self, files: Sequence[IndexFile]) -> tuple[Inspected, ...]:
        """Looks into several wheels at once; the answers stand in the order of the files."""
        found = []
        for inspected in in_parallel(self.one, files, _WORKERS, "wheel"):
            found.append(inspected)
            if self._progress:
                self._progress(len(found), len(files))
        return tuple(found)

    def one(self, file: IndexFile, *, exact: bool = False) -> Inspected:
        """Looks into one wheel; a failure is part of the answer.

        Args:
            file: which.
            exact: read giant ELF files exactly, at a price (see `read_contents`).
        """
        key = f"CONTENTS {hash_code(*_CODE)} {'exact' if exact else 'quick'} {file.sha256 or file.url}"
        with self._turn(key):
            if key not in self._known:
                self._known[key] = self._look(file, key, exact=exact)
        return self._known[key]

    def numpy_use(self, file: IndexFile, contents: WheelContents, most_bytes: int = _NUMPY_BYTES) -> NumpyUse:
        """Which numpy a wheel was compiled against; reads modules whole, so ask only where it matters.

        Raises:
            NetworkProblem: the server did not answer.
            Unreadable: the wheel is damaged.
        """
        cache = self._cache(file)
        key = f"NUMPY {hash_code(*_CODE)} {most_bytes} {file.sha256}"
        with self._turn(f"NUMPY {contents.label}"):  # what decides in one wheel decides in those for other Pythons
            known = cache.get_value(key, NumpyUse) if cache else None
            if known is None:
                likely = self._deciding.get(contents.label, "")
                with self._reopened(file, contents) as archive:
                    known = find_numpy_use(archive, contents, most_bytes, likely)
                if cache:
                    cache.put_value(key, known)
            if known.file:
                self._deciding[contents.label] = module_stem(known.file)
        return known

    def imports(  # noqa: PLR0913 - see `judge_package`
        self, file: IndexFile, contents: WheelContents, package: str, target: Target, beside: Beside, *, most: int
    ) -> PackageVerdict:
        """What importing a package of a wheel comes to beside others; see `judge_package`.

        Raises:
            NetworkProblem: the server did not answer.
            Unreadable: the wheel is damaged.
        """
        key = f"IMPORTS {hash_code(*_CODE)} {_kind_of(target)} {package} {most} {file.sha256 or file.url}"

        def judge() -> PackageVerdict:
            with self.texts(file, contents) as read:
                index, cached = self._index(file, contents, target), functools.cache(read)
                return judge_package(package, index, cached, target, beside, most=most, natives=contents.natives)

        with self._turn(key):
            return self._known_or(key, self._cache(file), beside, judge)

    def _known_or(
        self, key: str, cache: DiskCache | None, beside: Beside, judge: Callable[[], PackageVerdict]
    ) -> PackageVerdict:
        """A verdict from before that holds beside others, else a new one."""
        known = self._judged.get(key) or (cache.get_value(key, KnownVerdicts) if cache else None) or KnownVerdicts()
        for verdict in known.verdicts:
            if verdict.asked.agrees(beside):
                return verdict
        verdict = judge()
        self._judged[key] = known = KnownVerdicts(verdicts=(verdict, *known.verdicts[: _MOST_VERDICTS - 1]))
        if cache:
            cache.put_value(key, known)
        return verdict

    @contextmanager
    def texts(self, file: IndexFile, contents: WheelContents) -> Iterator[Callable[[str], str]]:
        """Reads members of a wheel as text while the context is open; the wheel is opened at the first."""
        cache = self._cache(file)
        with ExitStack() as stack:
            archives: list[WheelArchive] = []

            def archive() -> WheelArchive:
                if not archives:
                    archives.append(stack.enter_context(self._reopened(file, contents)))
                return archives[0]

            def read(member: str) -> str:
                return self._kept_text(file, contents, member, archive) if cache else archive().read_module(member)

            yield read

    def _kept_text(
        self, file: IndexFile, contents: WheelContents, member: str, archive: Callable[[], WheelArchive]
    ) -> str:
        """The text of a member, out of the cache if it, or one of its folder's, was ever asked for."""
        cache = self._client.cache
        assert cache is not None  # noqa: S101 - who asks has looked
        texts = self._texts_of(file, contents, cache)
        key = f"TEXT {texts.key_of(member)}"
        with self._turn(f"TEXTS {texts.project}"):
            found = texts.kept(member)
            found = cache.get_bytes(key) if found is None else found
            if found is None:
                texts.fetch(member, archive())
                found = texts.kept(member)
            if found is None:
                found = archive().read(member)
                cache.put_bytes(key, found)
        return found.decode("utf-8", "surrogateescape")

    def _texts_of(self, file: IndexFile, contents: WheelContents, cache: DiskCache) -> ModuleTexts:
        with self._lock:
            return self._texts.get(str(file.sha256)) or self._texts.setdefault(
                str(file.sha256), ModuleTexts(contents, cache, self._held)
            )

    def holdings(self, file: IndexFile, names: Sequence[str], target: Target) -> dict[str, Holding]:
        """Whether a wheel has modules and names, by its directory and its text; see `ModuleNames.holding`.

        Raises:
            NetworkProblem: the server did not answer.
            Unreadable: the wheel is damaged.
        """
        cache = self._cache(file)
        key = f"HOLDINGS {hash_code(*_CODE)} {target} {' '.join(names)} {file.sha256}"
        known = cache.get_value(key, Holdings) if cache else None
        if known is None:
            with opened(self._client.session, file) as source:
                archive = WheelArchive(source)
                modules = ModuleNames(
                    ModuleIndex(archive.members, target), functools.cache(archive.read_module), target
                )
                known = Holdings(found={name: _holding(modules, file, name) for name in names})
            if cache:
                cache.put_value(key, known)
        return known.found

    def review(self, file: IndexFile, contents: WheelContents) -> Review:
        """What the wheel's maker should mend; of a wheel that is not on this disk as far as its parts tell.

        Raises:
            NetworkProblem: the server did not answer.
            Unreadable: a file of the wheel is damaged.
        """
        cache = self._cache(file)
        key = f"REVIEW {hash_code(*_CODE)} {file.filename} {file.sha256}"
        known = cache.get_value(key, Review) if cache else None
        if known is None:
            with self._reopened(file, contents) as archive:
                known = review(archive, contents, file.filename, is_whole=not is_remote(file.url))
            if cache:
                cache.put_value(key, known)
        return known

    def bytes_read(self, file: IndexFile, contents: WheelContents) -> int:
        """How many bytes of a wheel were read to see all that was asked, now or when it was looked into first."""
        cache = self._cache(file)
        return contents.effort.bytes_read + ((cache and cache.get_value(_more_key(file), int)) or 0)

    @contextmanager
    def _reopened(self, file: IndexFile, contents: WheelContents) -> Iterator[WheelArchive]:
        """A wheel whose directory is known; what is read of it is added to what was."""
        size = contents.effort.size
        with opened(self._client.session, file, tail=size if size <= TAIL else 1) as source:
            archive = WheelArchive(source, contents.members)
            yield archive
        cache = self._cache(file)
        if cache:
            with self._lock:
                more = (cache.get_value(_more_key(file), int) or 0) + archive.source.bytes_read
                cache.put_value(_more_key(file), more)

    def _index(self, file: IndexFile, contents: WheelContents, target: Target) -> ModuleIndex:
        key = f"{_kind_of(target)} {file.sha256 or file.url}"
        with self._lock:
            if key not in self._indexes:
                self._indexes[key] = ModuleIndex(contents.members, target)
            return self._indexes[key]

    def _turn(self, key: str) -> threading.Lock:
        """What only one thread at a time works out."""
        with self._lock:
            return self._turns.setdefault(key, threading.Lock())

    def _look(self, file: IndexFile, key: str, *, exact: bool) -> Inspected:
        cache = self._cache(file)
        contents = cache.get_value(key, WheelContents) if cache else None
        if contents is None:
            try:
                with (
                    opened(self._client.session, file) as source,
                    self._large if source.size >= _LARGE else nullcontext(),
                ):
                    contents = read_contents(source, exact=exact, parallel=is_remote(file.url))
            except (NetworkProblem, Unreadable) as error:
                return Inspected(file=file, problem=error)
            if cache:
                cache.put_value(key, contents)
        if contents.damage:
            return Inspected(file=file, problem=Unreadable(contents.damage), damaged=contents)
        return Inspected(file=file, contents=_as_named(contents, file))

    def _cache(self, file: IndexFile) -> DiskCache | None:
        """Only what a hash names may be kept: any other file could change."""
        return self._client.cache if is_remote(file.url) and file.sha256 else None


def _as_named(contents: WheelContents, file: IndexFile) -> WheelContents:
    """The contents with the tags of the file's name, which installers go by; what WHEEL says they don't ask."""
    tags = tuple(sorted(map(str, file.tags)))
    return replace(contents, metadata=replace(contents.metadata, tags=tags)) if tags else contents


def _more_key(file: IndexFile) -> str:
    return f"MORE {hash_code(*_CODE)} {file.sha256}"


def _kind_of(target: Target) -> str:
    """What of a target an import depends on: system, Python, and what names its extension modules."""
    platform = target.platform
    kind = platform.arch if platform.system is System.WINDOWS else platform.libc and platform.libc.value
    return f"{platform.system.value} {kind} {target.interpreter.name}"


def _holding(modules: ModuleNames, file: IndexFile, name: str) -> Holding:
    """What the texts tell of a name; else what is known of the version."""
    held = modules.holding(name)
    module, _, last = name.rpartition(".")
    project = normal_name(file.filename.partition("-")[0])
    is_gone = held is Holding.UNKNOWN and removed_since(project, file.version, module, last)
    return Holding.LACKS if is_gone else held
