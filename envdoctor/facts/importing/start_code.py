"""What Python's own start imports and runs of an environment, followed as any other import: what certainly raises."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.facts.importing.effort import Effort
from envdoctor.facts.importing.libraries import MachineLibraries
from envdoctor.facts.importing.rehearsal import Rehearsal
from envdoctor.facts.importing.surroundings import Surroundings, find_modules
from envdoctor.facts.importing.unit_site import UnitSite
from envdoctor.facts.loading.machine import read_loader, target_of
from envdoctor.imports.events import What
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.verdict import judge_import

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.imports.verdict import Failure

#: Steps for all that a start runs.
_MOST_STEPS = 80_000
_LINE = "_line_of_pth_file"
#: What a line sees beside Python's own names: those of `site.addpackage`, and of `site` itself (CPython's Lib/site.py).
_SEEN = "import sys, os, builtins, io, stat\nsitedir = name = fullname = known_paths = line = os.getcwd()\n"
_MOST_MODULES, _MOST_CAUSES = 40, 1


class StartCode:
    """The code that runs whenever a Python starts."""

    def __init__(self, facts: Facts) -> None:
        """Prepares.

        Raises:
            FactUnavailable: the environment can't be read.
        """
        target = target_of(facts.host, facts.python)
        self._rehearsal = Rehearsal(
            Surroundings(
                target=target,
                modules=find_modules(facts),
                libraries=MachineLibraries(read_loader(facts), target, (), os.environ),
                distributions=facts.packages.active(),
            ),
            Effort(most=_MOST_STEPS),
        )

    def why_module_raises(self, module: str, path: str) -> str:
        """What importing a module certainly raises, in words; "" for nothing, and for one of Python's own folders."""
        is_own = self._rehearsal.surroundings.modules.find(module).path != path
        return "" if is_own else _words(self._rehearsal.judge(module).failures)

    def why_line_raises(self, line: str) -> str:
        """What an import line of a .pth file certainly raises, in words; "" for nothing."""
        return _words(judge_import(_LINE, _LineSite(self._rehearsal, line), _MOST_MODULES, _MOST_CAUSES).failures)


class _LineSite(UnitSite):
    """The environment, with a line as a module in it."""

    def __init__(self, rehearsal: Rehearsal, line: str) -> None:
        super().__init__(rehearsal, _LINE, ())
        self._line = _SEEN + line

    def find(self, module: str) -> Found:
        """See `Site`."""
        return Found(presence=Presence.TEXT, path=f"{_LINE}.py") if module == _LINE else super().find(module)

    def read(self, module: str) -> str:
        """See `Site`."""
        return self._line if module == _LINE else super().read(module)


def _words(failures: tuple[Failure, ...]) -> str:
    if not failures:
        return ""
    cause, raises = failures[0].cause, failures[0].raises or "an exception"
    if cause.what is What.RAISE or not cause.fails:
        return f"it raises {raises}"
    lacking = f"{cause.subject}.{cause.name}".rstrip(".")
    return f"it raises {raises}, for {lacking} is not there"
