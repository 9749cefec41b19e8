"""Keeps what was said of a set of wheels from one run to the next: wheels that a hash names never change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envdoctor.availability.judging import Judgment
from envdoctor.core.availability import ReasonKind
from envdoctor.net.urls import is_remote
from envdoctor.support.hashing import hash_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile
    from envdoctor.net.cache import DiskCache

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


def _key(files: Sequence[tuple[Pin, IndexFile]], target: Target, *, complete: bool) -> str:
    """All that a judgment depends on; empty if one of the files could become another."""
    if not all(file.sha256 and is_remote(file.url) for _, file in files):
        return ""
    wheels = [[pin.name, pin.version, file.filename, file.sha256, str(file.uploaded)] for pin, file in files]
    return json.dumps(["JUDGMENT", hash_code(*_CODE), repr(target), complete, wheels])
