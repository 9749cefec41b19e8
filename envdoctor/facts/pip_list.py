"""What pip lists in the examined folders: a second witness of what is installed, asked only where the user asks for it.

pip-api asks the pip that came with envdoctor, in envdoctor's own interpreter: nothing of the examined environment runs.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import FactUnavailable
from envdoctor.facts.witness import TOPIC
from envdoctor.support.requirement import normal_name
from envdoctor.support.text import one_line

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts

_SECONDS = 120.0
#: Each folder by itself: pip-api keeps one distribution of a name, and without any folder pip lists its own.
_SCRIPT = """
import json, sys
import pip_api
for folder in sys.argv[1:]:
    found = pip_api.installed_distributions(paths=[folder])
    print(json.dumps([folder, [[one.name, str(one.version)] for one in found.values()]]))
"""
_OF_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PIPAPI_PYTHON_LOCATION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A distribution in a folder of which envdoctor and pip say different things.

    Attributes:
        ours, theirs: the versions; "" where it is not seen.
    """

    folder: str
    name: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PipList:
    """What pip lists.

    Attributes:
        listed: how many distributions.
        disputes: where envdoctor sees something else.
    """

    listed: int = 0
    disputes: tuple[Dispute, ...] = ()


def ask(facts: Facts, request: Request, executor: Executor) -> PipList:
    """List every folder of the search path.

    Raises:
        FactUnavailable: pip could not be asked, or the folders are not known.
    """
    if TOPIC not in request.topics:
        return PipList()
    facts.packages.require_regular("pip_list")
    folders = [one.path for one in facts.python.search_path if not one.path.endswith(".egg")]
    listed = _listed([folder for folder in folders if os.path.isdir(folder)], executor)
    disputes = [each for folder, theirs in listed.items() for each in _disputes(folder, theirs, facts)]
    return PipList(listed=sum(map(len, listed.values())), disputes=tuple(disputes))


def _listed(folders: list[str], executor: Executor) -> dict[str, list[tuple[str, str]]]:
    theirs = {name: None for name in os.environ if name.startswith("PIP_") or name in _OF_PYTHON}
    variables = {**theirs, "PIP_CONFIG_FILE": os.devnull, "PYTHONSAFEPATH": "1"}
    with tempfile.TemporaryDirectory(prefix="envdoctor-") as empty:  # where no module hides pip
        argv = (sys.executable, "-I", "-c", _SCRIPT, *folders)
        result = executor.run(Command(argv=argv, cwd=Path(empty), env=variables, timeout=_SECONDS))
    if not result.ok:
        said = one_line(result.last_line)
        raise FactUnavailable("pip_list", f"pip-api {result.describe_failure()}{f': {said}' if said else ''}")
    try:
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        return {folder: [(str(name), str(version)) for name, version in found] for folder, found in rows}
    except (ValueError, TypeError) as error:
        raise FactUnavailable("pip_list", f"pip-api answered what can't be read: {error}") from None


def _disputes(folder: str, theirs: list[tuple[str, str]], facts: Facts) -> list[Dispute]:
    """What only one of the two sees in a folder, and what has another version; what is spoilt is told elsewhere."""
    ours: dict[str, list[str]] = {}
    spoilt = set()
    for one in facts.packages.distributions:
        if one.root == folder or os.path.dirname(one.metadata) == folder:
            ours.setdefault(one.key, []).append(one.version)
            spoilt |= {one.key} if one.problem else set()
    told = {normal_name(name): version for name, version in theirs}
    found = []
    for name in dict.fromkeys([*ours, *told]):
        mine, other = ours.get(name, []), told.get(name, "")
        if name not in spoilt and not any(_same(version, other) for version in mine):
            found.append(Dispute(folder=folder, name=name, ours=", ".join(mine), theirs=other))
    return found


def _same(mine: str, other: str) -> bool:
    """Whether two spell one version (PEP 440): pip-api writes what can be normalized in that form."""
    from packaging.version import InvalidVersion, Version

    try:
        return mine == other or Version(mine) == Version(other)
    except InvalidVersion:
        return False
