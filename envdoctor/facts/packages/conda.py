"""What conda installed is changed by conda, under conda's own name for it: `msgpack-python` brings msgpack."""

from __future__ import annotations

import glob
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.facts.packages.installers import Deed, installers
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import command_words

if TYPE_CHECKING:
    from envdoctor.core.finding import Fix
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.packages.installers import Argv, Operation

_LARGEST_RECORD = 1 << 26


def by_conda(fix: Fix, facts: Facts) -> Fix:
    """A fix whose commands leave to conda what conda installed, and name it as conda does."""
    commands = tuple(_by_owner(command, facts) for command in fix.commands)
    return fix if commands == fix.commands else replace(fix, commands=commands)


def _by_owner(command: Argv, facts: Facts) -> Argv:
    known = installers(facts.python)
    operations = next(filter(None, (one.read(command) for one in known)), ())
    owned = [found for each in operations if (found := facts.packages.find(each.name)) and found.installer == "conda"]
    if not operations or len(owned) < len(operations):
        return command
    conda = known[-1]
    beginning = {Deed.INSTALL: conda.installs, Deed.REINSTALL: conda.reinstalls, Deed.REMOVE: conda.removes}
    words: list[str] = []
    for each, found in zip(operations, owned, strict=True):
        words += command_words(name_in_conda(found, facts.python.prefix), _versions(each, found))
    return (*beginning[operations[0].deed], *words) if len(words) == len(operations) else command


def _versions(operation: Operation, found: Distribution) -> str:
    if operation.deed is Deed.REMOVE:
        return ""
    return f"={found.version}" if operation.deed is Deed.REINSTALL else operation.versions


def name_in_conda(distribution: Distribution, prefix: str) -> str:
    """The name of the package that brought a distribution, from conda's own records; else the distribution's."""
    inside = f"/{os.path.basename(distribution.metadata)}/".encode()
    folder = glob.escape(f"{prefix}/conda-meta")
    first = glob.glob(f"{folder}/{glob.escape(distribution.key)}-{glob.escape(distribution.version)}-*.json")
    for path in (*first, *sorted(glob.glob(f"{folder}/*.json"))):
        try:
            content = read_regular(path, _LARGEST_RECORD)
            name = json.loads(content).get("name") if inside in content else None
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
        if isinstance(name, str):
            return name
    return distribution.name
