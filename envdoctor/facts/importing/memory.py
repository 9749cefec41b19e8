"""Keeps what was found out of imports from one run to the next, for as long as all that it rests on is the same."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.environments.cache import open_cache
from envdoctor.facts.importing.ground import Ground, Rehearsed, digest_of
from envdoctor.facts.importing.modules import Place  # noqa: TC001  (resolved at run time where values are kept on disk)
from envdoctor.facts.importing.unit import LARGEST_TEXT
from envdoctor.net.cache import DiskCache
from envdoctor.support.files import read_regular
from envdoctor.support.hashing import hash_code
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.core.request import Request
    from envdoctor.facts.importing.surroundings import Surroundings
    from envdoctor.facts.python import Python

_LIMIT = 64 << 20
#: What decides a verdict.
_CODE = ("facts", "imports", "wheels", "binaries", "support", "core", "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptUnit:
    """A `Ground`, and the state of the files in it.

    Attributes:
        owner: the distribution that has the unit, with its version.
        places, libraries, distributions, variables, units, verdicts, lacking: see `Ground`.
        texts: of each file that was read what `state_of` tells, and the hash of a text that has other names: each
            environment that is made or goes (uv links files) gives it another ctime_ns.
    """

    owner: str = ""
    places: dict[str, Place] = field(default_factory=dict)
    texts: dict[str, tuple[int, int, int, str]] = field(default_factory=dict)
    libraries: list[tuple[str, bool, bool | None]] = field(default_factory=list)
    distributions: dict[str, bool | None] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    verdicts: dict[str, Rehearsed] = field(default_factory=dict)
    lacking: list[tuple[str, str, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptUnits:
    """All of one environment, by their names."""

    units: dict[str, KeptUnit] = field(default_factory=dict)


class Memory:
    """What is known of one environment."""

    def __init__(self, python: Python, around: Surroundings, request: Request) -> None:
        """Opens the folder; nothing is made before there is something to keep."""
        self._around = around
        self._began = time.time_ns()
        self._cache = DiskCache(open_cache(request).root / "importing", _LIMIT)
        places = [python.executable, *around.modules.folders]
        same = [hash_code(*_CODE), target_name(around.target), places, sorted(around.failing), sorted(around.hidden)]
        same += [repr(around.modules.hooks), sorted(around.extended), sorted(around.left_out)]
        same += sorted({"setuptools"} & around.distributions.keys())
        self._key = hashlib.sha256(json.dumps(same).encode("utf-8", "surrogateescape")).hexdigest()

    def load(self) -> dict[str, Ground]:
        """The grounds that still hold: every file and every answer is the same, of those that they rest on too."""
        kept = self._cache.get_value(self._key, KeptUnits) or KeptUnits()
        holding = {name: each for name, each in kept.units.items() if self._holds(name, each)}
        while True:
            left = {name: each for name, each in holding.items() if holding.keys() >= set(each.units)}
            if len(left) == len(holding):
                break
            holding = left
        return {
            name: Ground(
                places=dict(each.places),
                texts=set(each.texts),
                libraries={(library, whole): answer for library, whole, answer in each.libraries},
                distributions=dict(each.distributions),
                variables=dict(each.variables),
                units=set(each.units),
                verdicts=dict(each.verdicts),
                lacking={(module, name): answer for module, name, answer in each.lacking},
            )
            for name, each in holding.items()
        }

    def _holds(self, name: str, kept: KeptUnit) -> bool:
        modules, has = self._around.modules, self._around.libraries.has
        return (
            kept.owner == self._owner(name)
            and all(modules.find(module) == place for module, place in kept.places.items())
            and all(_is_same(path, state) for path, state in kept.texts.items())
            and all(has(library, whole=whole) is answer for library, whole, answer in kept.libraries)
            and all(modules.has_distribution(each) is answer for each, answer in kept.distributions.items())
            and all(digest_of(os.environ.get(each)) == value for each, value in kept.variables.items())
        )

    def _owner(self, unit: str) -> str:
        owner = self._around.owners.get(unit)
        return "" if owner is None else f"{owner.metadata} {owner.title}"

    def save(self, grounds: Mapping[str, Ground]) -> None:
        """Keeps them, but for those of which a text may have changed since it was read.

        A text that is gone by now makes its unit one to look at anew.
        """
        texts = {name: {path: _known_by(path) for path in each.texts} for name, each in grounds.items()}
        kept = {
            name: KeptUnit(
                owner=self._owner(name),
                places=each.places,
                texts=texts[name],
                libraries=[(*asked, answer) for asked, answer in each.libraries.items()],
                distributions=each.distributions,
                variables=each.variables,
                units=sorted(each.units),
                verdicts=each.verdicts,
                lacking=[(*asked, answer) for asked, answer in each.lacking.items()],
            )
            for name, each in grounds.items()
            if all(max(modified, changed) < self._began for _, modified, changed, _ in texts[name].values())
        }
        self._cache.put_value(self._key, KeptUnits(units=kept))


def _known_by(path: str) -> tuple[int, int, int, str]:
    state = state_of(path)
    content = _hash_of(path) if path.endswith(".py") and _has_other_names(path) else ""
    return (*state, content if state_of(path) == state else "")


def _is_same(path: str, known: tuple[int, int, int, str]) -> bool:
    size, modified, changed, content = known
    state = state_of(path)
    if state == (size, modified, changed):
        return True
    return bool(content) and state[:2] == (size, modified) and _hash_of(path) == content


def _has_other_names(path: str) -> bool:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink > 1


def _hash_of(path: str) -> str:
    try:
        return hashlib.sha256(read_regular(path, LARGEST_TEXT)).hexdigest()
    except OSError:
        return ""


def state_of(path: str) -> tuple[int, int, int]:
    """What changes where a file does: its size and both times; zeros where it is gone."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return 0, 0, 0
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
