"""The examined environment as a place where native files are loaded in thought."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.closure import Closures
from envdoctor.binaries.tree import InstalledTree
from envdoctor.core.errors import Unreadable
from envdoctor.facts.loading.machine import read_loader, search_of, target_of
from envdoctor.facts.loading.site import InstalledSite
from envdoctor.wheels.layout import runs_on

if TYPE_CHECKING:
    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.facts import Facts
    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.loading import LoadAnalysis

_MADE_BY_DELVEWHEEL = ".libs"  # such a folder is registered when its package is imported


class Environment:
    """The installed native files, this machine's libraries, and its loader.

    Attributes:
        loader: what its search depends on.
        target: the examined interpreter on this machine.
        tree: all files of the machine.
    """

    def __init__(self, facts: Facts) -> None:
        """Prepares to look.

        Raises:
            FactUnavailable: the files could not be listed, or the system's loader is not known.
        """
        known: dict[str, NativeLibrary | Unreadable] = {
            one.path: one.library or Unreadable(one.problem) for one in facts.natives.files
        }
        folders = dict.fromkeys(posixpath.dirname(path) for path in known)
        self.loader = read_loader(facts)
        self.target = target_of(facts.host, facts.python)
        self.tree = InstalledTree(known)
        self._facts = facts
        added = [folder for folder in folders if folder.endswith(_MADE_BY_DELVEWHEEL)]
        self._search = search_of(self.loader, self.tree, added)

    def can_load(self, file: NativeFile) -> bool:
        """Whether a file is for this system and processor; code for accelerators and other platforms is not."""
        return file.library is not None and runs_on(file.library, self.target.platform)

    def closures(self) -> Closures:
        """Answers what loads alone in a process of the examined Python."""
        closures = Closures(self.tree, self._search, self.loader.architecture)
        closures.preload(self.loader.program)
        return closures

    def contents(self, distribution: Distribution) -> WheelContents:
        """A distribution as what its wheel would be."""
        from envdoctor.facts.loading.contents import installed_contents

        return installed_contents(self._facts, distribution)

    def analyse(self, distribution: Distribution, contents: WheelContents | None = None) -> LoadAnalysis:
        """What the imports of a distribution meet, as `LoadJudge` tells it."""
        from envdoctor.facts.loading.contents import read_text
        from envdoctor.wheels.loading import LoadJudge

        contents = contents or self.contents(distribution)
        others = dict.fromkeys(one.root for one in self._facts.packages.distributions)
        site = InstalledSite(self.loader, self.tree, self._search, {contents.label: distribution.root}, tuple(others))
        judge = LoadJudge((contents,), self.target, lambda _, member: read_text(distribution.root, member), site)
        return judge.analyse(contents)
