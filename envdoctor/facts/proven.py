"""What really happens when the installed packages are imported, each in a process of its own; only where asked for.

The environment's own interpreter runs them, in an empty folder, without a network where the system can do that, within
limits on time and memory. What they write into the user's folders goes into one that is removed.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.request import PROVE
from envdoctor.facts.python.search_path import Origin
from envdoctor.support.parallel import in_parallel

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.surface import Entrance

#: unshare(1), in the order of preference: as root, as the user, as a user who counts as root.
_WALLS = (("unshare", "--net"), ("unshare", "--user", "--map-current-user", "--net"), ("unshare", "-r", "--net"))
_SECONDS, _BYTES = 120.0, 6 << 30
_MOST_AT_ONCE = 4
_PLACES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR", "TEMP", "TMP")
_LONGEST = 300
_SCRIPT = "import importlib, os, sys; importlib.import_module(sys.argv[1]); sys.stdout.flush(); os._exit(0)"
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)?\b.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One import that was really done.

    Attributes:
        distribution: whose package it is.
        entrance: what was imported.
        command: what was run.
        words: the exception, or how the process ended; "" if the import worked.
        unknown: why nothing is known though there are words: it was ended from here, which took too long or too much
            memory, or it was never begun; "" otherwise.
    """

    distribution: Distribution
    entrance: Entrance
    command: tuple[str, ...]
    words: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """All of them; none where it was not asked for."""

    attempts: tuple[Attempt, ...] = ()

    def words_on(self, module: str) -> str:
        """How the import of a module failed; "" if it did not, or was not done."""
        done = (each for each in self.attempts if each.entrance.module == module and not each.unknown)
        return next((each.words for each in done), "")


def find_wall(executor: Executor) -> tuple[str, ...]:
    """The beginning of a command that runs the rest without a network; () where this system or user can't have one."""
    for wall in _WALLS if os.name == "posix" else ():
        if executor.run(Command(argv=(*wall, "true"), timeout=10.0)).ok:
            return wall
    return ()


def ask(facts: Facts, request: Request, executor: Executor) -> Proven:
    """Import the packages of all distributions in use, and the modules that their commands enter.

    Raises:
        FactUnavailable: the environment can't be read, or Python would wait for what is there.
    """
    if PROVE not in request.topics:
        return Proven()
    facts.packages.require_regular("proven")
    from envdoctor.facts.importing.entries import all_entrances_of
    from envdoctor.facts.importing.surroundings import find_modules, paths_of

    modules, paths = find_modules(facts), paths_of(facts)
    uses: dict[str, tuple[Distribution, Entrance]] = {}
    for one in facts.packages.active().values():
        for entrance in all_entrances_of(one, paths.get(one.metadata, ()), modules):
            uses.setdefault(entrance.module, (one, entrance))
    wall = find_wall(executor)
    workers = max(1, min(_MOST_AT_ONCE, os.cpu_count() or 1))
    attempts = in_parallel(lambda use: _attempt(facts, executor, wall, *use), uses.values(), workers, "import")
    return Proven(attempts=tuple(attempts))


def _attempt(
    facts: Facts, executor: Executor, wall: tuple[str, ...], distribution: Distribution, entrance: Entrance
) -> Attempt:
    argv = (*wall, facts.python.executable, "-c", _SCRIPT, entrance.module)
    with tempfile.TemporaryDirectory(prefix="envdoctor-import-", ignore_cleanup_errors=True) as folder:
        command = Command(argv=argv, cwd=Path(folder), env=_variables(facts, folder), timeout=_SECONDS, memory=_BYTES)
        result = executor.run(command)
    shown = (facts.python.executable, "-c", f"import {entrance.module}")
    words = "" if result.ok else _words(result)
    unbegun = result.error or (wall and result.stderr.startswith(f"{wall[0]}: "))
    unknown = "could not be tried" if unbegun else "did not come to an end" if result.ended else ""
    return Attempt(distribution=distribution, entrance=entrance, command=shown, words=words, unknown=unknown)


def _variables(facts: Facts, folder: str) -> dict[str, str | None]:
    """Places to write to that vanish; the user's own packages are found nevertheless."""
    home = dict.fromkeys(_PLACES, folder)
    user = next((one.path for one in facts.python.search_path if one.origin is Origin.USER), "")
    base = user.partition("/lib/")[0] if "/lib/" in user else ""
    return {**home, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUSERBASE": base or None, "PYTHONFAULTHANDLER": None}


def _words(result: CommandResult) -> str:
    """The last line of a traceback that names an exception, or how the process ended."""
    if result.ended or result.signal or result.error:
        return f"the process {result.describe_failure()}"
    lines = [line for line in result.stderr.splitlines() if line and not line[0].isspace()]
    named = [line for line in lines if _EXCEPTION.match(line)]
    said = next(iter(reversed(named or lines)), "") or result.describe_failure()
    return said[:_LONGEST]
