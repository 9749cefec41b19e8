"""Keeps what the imports of a distribution meet from one run to the next: to follow them takes longer than all else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.environments.cache import open_cache
from envdoctor.imports.loading import LoadAnalysis
from envdoctor.net.cache import DiskCache
from envdoctor.support.files import read_regular
from envdoctor.support.hashing import hash_code
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution

_LIMIT = 16 << 20
_LARGEST_RECORD = 64 << 20
#: What decides a judgment.
_CODE = ("facts", "imports", "wheels", "binaries", "support", "core", "data")


class Memory:
    """Judgments of earlier runs, taken for as long as everything that they depend on is the same."""

    def __init__(self, facts: Facts, environment: Environment, request: Request) -> None:
        """Opens the folder; nothing is made before there is something to keep."""
        self._facts = facts
        self._environment = environment
        self._cache = DiskCache(open_cache(request).root / "loading", _LIMIT)

    def analyse(self, distribution: Distribution, failing: Sequence[NativeFile]) -> LoadAnalysis:
        """What `Environment.analyse` says of a distribution, some of whose files don't load alone."""
        key = self._key(distribution, failing)
        known = self._cache.get_value(key, LoadAnalysis) if key else None
        if known is None:
            known = self._analyse(distribution, alone=not any(one.is_module for one in failing))
            if key:
                self._cache.put_value(key, known)
        return known

    def _analyse(self, distribution: Distribution, *, alone: bool) -> LoadAnalysis:
        """Look at a distribution alone first, which is faster; what it misses then, others may have loaded before."""
        found = self._environment.analyse(distribution, alone=alone)
        if alone and any(one.severity > Severity.INFO for one in found.missing):
            return self._environment.analyse(distribution)
        return found

    def _key(self, distribution: Distribution, failing: Sequence[NativeFile]) -> str:
        """All that a judgment depends on; empty for a distribution whose files no RECORD tells."""
        try:
            record = read_regular(f"{distribution.metadata}/RECORD", _LARGEST_RECORD)
        except OSError:
            return ""
        session = self._environment.session()
        missing = {one.path: [each.need.name for each in session.load(one.path).missing] for one in failing}
        # Of all distributions: what others load before is part of the judgment.
        states = [one for one in self._facts.records.records if one.missing or one.changed]
        depends = {
            "judgment": [hash_code(*_CODE), target_name(self._environment.target)],
            "loader": [self._environment.loader.program, *self._environment.loader.sources],
            "installed": sorted(one.metadata for one in self._facts.packages.active().values()),
            "record": hashlib.sha256(record).hexdigest(),
            "state": [
                [one.distribution.metadata, one.missing, [dataclasses.astuple(each) for each in one.changed]]
                for one in states
            ],
            "missing": missing,
        }
        return json.dumps(depends)
