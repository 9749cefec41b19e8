"""The libraries of this very machine, for questions about `here`."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.here import target_here
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.imports.library_names import is_file_asked_for
from envdoctor.support.target_names import HERE

if TYPE_CHECKING:
    from envdoctor.availability.machine import HasLibrary
    from envdoctor.core.target import Platform
    from envdoctor.facts.importing.libraries import MachineLibraries


def machine_here(platforms: str) -> tuple[Platform, HasLibrary] | None:
    """This machine's platform, with what tells which libraries it has; None unless `platforms` names it, or nothing."""
    names = {name.strip() for name in platforms.split(",")} - {""}
    if names and HERE not in names:
        return None

    @functools.cache
    def libraries() -> MachineLibraries | None:
        from envdoctor.facts.importing.libraries import MachineLibraries
        from envdoctor.facts.loading.machine import read_loader

        try:
            loader = read_loader(Facts(Request(python=Path(sys.executable)), LocalExecutor()))
        except FactUnavailable:
            return None
        return MachineLibraries(loader, target_here(), (), os.environ)

    def has(name: str) -> bool | None:
        known = libraries()
        return known.has(name, whole=is_file_asked_for(name)) if known else None

    return target_here().platform, has
