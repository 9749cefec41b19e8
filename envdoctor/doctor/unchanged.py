"""Keeps what `check` found out of packages and libraries, to be told again for as long as nothing has changed.

Everything that decides is held against what it was: each file of the environment, what lies outside of it and was
looked at (`facts.watched`), the Python, the machine, the variables, the current folder and envdoctor itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor import __version__
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Outcome, ProbeResult
from envdoctor.core.frozen import frozen
from envdoctor.core.plugins import entry_points
from envdoctor.environments.cache import open_cache
from envdoctor.environments.fingerprint import Fingerprint, renew, steady_variables, take_fingerprint
from envdoctor.facts.python.search_path import modules_in
from envdoctor.net.cache import DiskCache

if TYPE_CHECKING:
    from envdoctor.core.report import Report
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

#: The families of probes that ask about files alone, and the one of another family that does.
FAMILIES = frozenset({"PKG", "LIB"})
_ALSO = "PYT009"
_LIMIT = 64 << 20
#: Answers that the next look may give otherwise.
_UNSURE = frozenset({Outcome.UNKNOWN, Outcome.CRASHED, Outcome.TIMED_OUT})


@frozen
class KeptCheck:
    """What was found.

    Attributes:
        files: what they were.
        results: of the probes.
        notes: of the report.
        created: when that was, as `Report.created`.
        scope: of the report.
    """

    files: Fingerprint
    results: tuple[ProbeResult, ...]
    notes: tuple[str, ...]
    created: str
    scope: str = ""


class Unchanged:
    """The results of one environment."""

    def __init__(self, facts: Facts, request: Request) -> None:
        """Opens the folder; nothing is made before there is something to keep."""
        self._facts = facts
        self._began = time.time_ns()
        self._before: Fingerprint | None = None
        self._cache = DiskCache(open_cache(request).root / "checks", _LIMIT)
        self._key = _circumstances(facts, request)  # those that alternate, as in two shells, are kept beside each other

    def load(self) -> KeptCheck | None:
        """What was found before; None where anything is not what it was then."""
        if _are_plugged_in():
            return None
        known = self._cache.get_value(self._key, KeptCheck)
        if known is None:
            return None
        files = renew(known.files)
        if files is None:
            self._before = known.files
            return None
        if files is not known.files:
            self._cache.put_value(self._key, dataclasses.replace(known, files=files))
        return known

    def save(self, report: Report) -> None:
        """Keeps what was found, unless another look might find more, or something is too young to tell."""
        facts = self._facts
        kept = tuple(one for one in report.probes if is_kept(one.code))
        try:
            if any(one.outcome in _UNSURE for one in kept) or facts.importing.goes_on or _are_plugged_in():
                return
            watched = facts.watched
            files = take_fingerprint(watched.trees, watched.paths, self._began, facts.records.seen, self._before)
        except FactUnavailable:
            return
        if files is not None:
            settled = tuple(dataclasses.replace(one, seconds=0.0) for one in kept)
            self._cache.put_value(
                self._key,
                KeptCheck(
                    files=files,
                    results=settled,
                    notes=report.notes,
                    created=report.created,
                    scope=report.scope,
                ),
            )


def is_kept(code: str) -> bool:
    """Whether what a probe finds is kept."""
    return code[:3] in FAMILIES or code == _ALSO


def _are_plugged_in() -> bool:
    """Whether others add probes, of which nothing is known."""
    return bool(entry_points("envdoctor.probes"))


def _circumstances(facts: Facts, request: Request) -> str:
    """Hash of what decides and is in no file."""
    host, python = facts.host, facts.python
    steady = dataclasses.replace(host, disks=(), memory=None, memory_limit=None, cpu_features=None)
    told = [
        (
            __version__,
            request.plugins,
            sorted(request.topics),
            sys.version,
            sys.executable,
            getattr(os, "geteuid", int)(),
        ),
        (python, steady, sorted(host.cpu_features or ())),
        (str(Path.cwd()), list(modules_in(".", python.extension_suffixes))),
        steady_variables(),
    ]
    return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()
