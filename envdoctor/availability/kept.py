"""Keeps from one run to the next what was said of a set of wheels, and for some minutes what a resolver said.

Wheels that a hash names never change; what an index offers is asked for again when its pages would be.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, TypeVar

from envdoctor.availability.judging import Judgment
from envdoctor.core.availability import ReasonKind
from envdoctor.index.places import local_state
from envdoctor.index.uv_settings import PAGE_FRESH
from envdoctor.net.urls import is_remote
from envdoctor.support.hashing import hash_code, hash_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile
    from envdoctor.index.settings import IndexSettings
    from envdoctor.net.cache import DiskCache

T = TypeVar("T")

#: What decides a judgment, from the bytes of a wheel to the words about it.
_CODE = ("availability", "imports", "wheels", "binaries", "support", "core", "data")
#: What may be otherwise at the next look.
_PASSING = frozenset({ReasonKind.NETWORK, ReasonKind.NOT_LOOKED_AT, ReasonKind.UNREADABLE})


class KeptJudgments:
    """Judgments on disk. Safe to share among threads."""

    def __init__(self, cache: DiskCache | None) -> None:
        """`cache`: where; None keeps nothing."""
        self._cache = cache

    def get(self, files: Sequence[tuple[Pin, IndexFile]], target: Target, *, complete: bool) -> Judgment | None:
        """What was said of these very wheels on this target, by this very code; None if that is not known."""
        key = _key(files, target, complete=complete)
        return self._cache.get_value(key, Judgment) if self._cache and key else None

    def put(
        self, files: Sequence[tuple[Pin, IndexFile]], target: Target, judgment: Judgment, *, complete: bool
    ) -> None:
        """Keeps a judgment, unless it tells of what could not be looked at."""
        key = _key(files, target, complete=complete)
        if self._cache and key and not any(reason.kind in _PASSING for reason in judgment.reasons):
            self._cache.put_value(key, judgment)


class KeptAnswers:
    """Answers of a resolver on disk, for as long as a page of an index counts as new. Safe to share among threads."""

    def __init__(self, cache: DiskCache | None, settings: IndexSettings) -> None:
        """`cache`: where; None keeps nothing. `settings`: which places the resolver reads."""
        self._cache = cache
        self._settings = settings

    @functools.cached_property
    def _places(self) -> tuple[str, ...]:
        """The state of each place on this machine's disks, which no page's age tells."""
        places = (*self._settings.index_urls, *self._settings.find_links)
        return tuple(local_state(place) for place in places if not is_remote(place))

    def key(self, asked: list[object]) -> str:
        """What an answer is kept by, from all that the resolver is told; empty where nothing can be kept."""
        if self._cache is None or not all(self._places):
            return ""
        return hash_value(["ANSWER", hash_code("availability"), self._places, asked])

    def get(self, key: str, kind: type[T]) -> T | None:
        """The answer to this very question; None if it is not known any more."""
        return self._cache.get_value(key, kind, fresh=PAGE_FRESH) if self._cache and key else None

    def put(self, key: str, answer: object) -> None:
        """Keeps an answer."""
        if self._cache and key:
            self._cache.put_value(key, answer)


def _key(files: Sequence[tuple[Pin, IndexFile]], target: Target, *, complete: bool) -> str:
    """All that a judgment depends on; empty if one of the files could become another."""
    if not all(file.sha256 and is_remote(file.url) for _, file in files):
        return ""
    wheels = [[pin.name, pin.version, file.filename, file.sha256, str(file.uploaded)] for pin, file in files]
    return json.dumps(["JUDGMENT", hash_code(*_CODE), repr(target), complete, wheels])
