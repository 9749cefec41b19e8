"""Asks the user's indexes: which files a project has, and the metadata that an index keeps beside a file."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvDoctorError, NetworkProblem, Unreadable
from envdoctor.index.pages import ACCEPT, Link, parse_page, parse_upload_times
from envdoctor.index.places import local_links, local_project
from envdoctor.index.project import IndexFile, Project
from envdoctor.index.uv_settings import PAGE_FRESH
from envdoctor.net.session import AccessRefused
from envdoctor.net.urls import is_remote, redacted
from envdoctor.support.hashing import hash_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from envdoctor.index.settings import IndexSettings
    from envdoctor.net.session import Reply, Session

# What a URL with a hash in it, or a metadata file, says never changes.
_FOR_EVER = 365 * 86400.0
_METADATA_LIMIT = 16 << 20
_SIMPLE = "/simple"
_LONG_PAGE = 64 << 10  # bytes; a millisecond or two


class IndexClient:
    """The user's indexes and links as one. Safe to share among threads; asks for each project once."""

    def __init__(self, settings: IndexSettings, session: Session) -> None:
        self.settings = settings
        self.session = session
        self.cache = session.cache
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._projects: dict[str, Project | EnvDoctorError] = {}
        self._refusals: dict[str, list[str]] = {}

    @property
    def refusals(self) -> dict[str, tuple[str, ...]]:
        """The indexes that refused to answer, credentials hidden, with the projects that they were asked for."""
        with self._lock:
            return {index: tuple(names) for index, names in self._refusals.items()}

    def project(self, name: str) -> Project:
        """Everything the indexes offer of a project; no files if none of them knows it.

        Upload times come from the page, else from the registry's JSON of the project.

        Raises:
            NetworkProblem: an index did not answer as it should, so that nothing can be said; or every index refused.
            Unreadable: a page is not one.
        """
        from packaging.utils import canonicalize_name

        name = canonicalize_name(name)
        with self._lock:
            turn = self._turns.setdefault(name, threading.Lock())
        with turn:
            if name not in self._projects:
                self._projects[name] = self._outcome(name)
        found = self._projects[name]
        if isinstance(found, EnvDoctorError):
            raise found
        return found

    def metadata(self, file: IndexFile) -> bytes | None:
        """The METADATA that the index keeps beside a wheel (PEP 658); None if it keeps none.

        Raises:
            NetworkProblem: the index did not answer.
            Unreadable: what came has not the hash that the page names.
        """
        if file.metadata is None or not is_remote(file.url):
            return None
        reply = self.session.get(f"{file.url}.metadata", fresh=_FOR_EVER, limit=_METADATA_LIMIT)
        if not reply.found:
            return None
        if file.metadata and hashlib.sha256(reply.content).hexdigest() != file.metadata:
            raise Unreadable(f"{redacted(file.url)}.metadata has not the hash that the index names for it.")
        return reply.content

    def _outcome(self, name: str) -> Project | EnvDoctorError:
        """The answer or the failure; a network that is down is not tried again for every thread that waits."""
        try:
            return self._ask(name)
        except (NetworkProblem, Unreadable) as error:
            return error

    def _ask(self, name: str) -> Project:
        files: list[IndexFile] = []
        places: list[str] = []
        refused: list[str] = []
        failed: list[str] = []
        for index in self.settings.index_urls:
            try:
                found = self._from_index(index, name)
            except AccessRefused as error:
                refused.append(str(error))
                with self._lock:
                    self._refusals.setdefault(redacted(index), []).append(name)
                continue
            except NetworkProblem as error:
                failed.append(str(error))
                continue
            files += found
            places += [redacted(index)] if found else []
        for place in self.settings.find_links:
            found = [file for file in (link.of(name) for link in self._links(place)) if file is not None]
            files += found
            places += [redacted(place)] if found else []
        if failed:
            raise NetworkProblem(_half_an_answer(name, failed, places))
        if refused and not files:
            raise NetworkProblem(f"{name}: " + " ".join(refused))
        return Project(name=name, files=_unique(files), places=tuple(places), refused=tuple(refused))

    def _from_index(self, index: str, name: str) -> list[IndexFile]:
        if not is_remote(index):
            links = local_project(index, name) or ()
            return [file for file in (link.of(name) for link in links) if file is not None]
        url = f"{index.rstrip('/')}/{name}/"
        page = self.session.get(url, accept=ACCEPT, fresh=PAGE_FRESH)
        if not page.found:
            return []
        try:
            files = self._files(page, name)
        except Unreadable:
            self.session.forget(url, accept=ACCEPT)
            raise
        if all(file.uploaded is not None for file in files):
            return files
        return list(_dated(files, self._upload_times(index, name)))

    def _files(self, page: Reply, name: str) -> list[IndexFile]:
        """The files on a page; those of a long one are kept, since to read them again takes ten times as long."""
        is_long = len(page.content) >= _LONG_PAGE
        digest = hashlib.sha256(page.content).hexdigest() if self.cache and is_long else ""
        key = f"FILES {hash_code('index')} {name} {page.content_type} {page.url} {digest}"
        known = self.cache.get_value(key, list[IndexFile]) if self.cache and digest else None
        if known is None:
            links = parse_page(page.content, page.content_type, page.url, whole=page.whole, project=name)
            known = [file for file in (link.of(name) for link in links) if file is not None]
            if self.cache and digest:
                self.cache.put_value(key, known)
        return known

    def _upload_times(self, index: str, name: str) -> dict[str, datetime]:
        """From the registry's older JSON, which lies beside ``/simple``; nothing if it has none that can be read."""
        base = index.rstrip("/")
        if not base.endswith(_SIMPLE):
            return {}
        url = f"{base.removesuffix(_SIMPLE)}/pypi/{name}/json"
        try:
            reply = self.session.get(url, accept="application/json", fresh=PAGE_FRESH)
            return parse_upload_times(reply.content, url) if reply.found else {}
        except (NetworkProblem, Unreadable):
            return {}

    def _links(self, place: str) -> tuple[Link, ...]:
        if not is_remote(place):
            return local_links(place)
        page = self.session.get(place, accept="text/html", fresh=PAGE_FRESH)
        if not page.found:
            return ()
        try:
            return parse_page(page.content, page.content_type, page.url, whole=page.whole)
        except Unreadable:
            self.session.forget(place, accept="text/html")
            raise


def _half_an_answer(name: str, failed: list[str], places: list[str]) -> str:
    others = f", though {' and '.join(places)} has files of it" if places else ""
    return f"{' '.join(failed)} Which files of {name} exist is not known, so that it was not judged{others}."


def _dated(files: list[IndexFile], times: dict[str, datetime]) -> Iterator[IndexFile]:
    for file in files:
        yield file if file.uploaded else replace(file, uploaded=times.get(file.filename))


def _unique(files: list[IndexFile]) -> tuple[IndexFile, ...]:
    """One file of each name: the first place that has it wins, as for pip."""
    first: dict[str, IndexFile] = {}
    for file in files:
        first.setdefault(file.filename, file)
    return tuple(first.values())
