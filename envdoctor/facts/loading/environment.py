"""The examined environment as a place where native files are loaded in thought."""

from __future__ import annotations

import dataclasses
import posixpath
from functools import partial
from typing import TYPE_CHECKING

from envdoctor.binaries.closure import Closures
from envdoctor.binaries.resolve import LoadSession
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
    from envdoctor.imports.loading import LoadAnalysis, LoadJudge
    from envdoctor.wheels.contents import WheelContents

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

    def session(self) -> LoadSession:
        """A process of the examined Python."""
        process = LoadSession(self.tree, self._search, self.loader.architecture)
        process.load(self.loader.program)
        return process

    def bare_session(self) -> LoadSession:
        """A process of no program, in which only the loader's own search counts: what `ldd FILE` looks at."""
        search = search_of(dataclasses.replace(self.loader, program=""), self.tree)
        return LoadSession(self.tree, search, self.loader.architecture)

    def analyse(self, distribution: Distribution, *, alone: bool = False) -> LoadAnalysis:
        """What the imports of a distribution meet, as `LoadJudge` tells it.

        Args:
            distribution: one of the environment.
            alone: True if what other distributions would load before need not be known.
        """
        judge, contents = self.judge(distribution, alone=alone)
        return judge.analyse(contents)

    def imports(self, file: NativeFile) -> bool:
        """Whether importing the packages of a file's distribution, without fail, loads that extension module."""
        from envdoctor.facts.loading.contents import installed_contents, read_text
        from envdoctor.imports.opened import opened_on_import

        distribution = file.distribution
        member = posixpath.relpath(file.path, distribution.root)
        contents = installed_contents(self._facts, distribution)
        usable = {native.path for native in contents.natives}
        read = partial(read_text, distribution.root)
        return member in opened_on_import(contents, {member}, usable, read, self.target)

    def judge(self, distribution: Distribution, *, alone: bool = False) -> tuple[LoadJudge, WheelContents]:
        """A judge of the environment, and a distribution as what its wheel would be."""
        from envdoctor.facts.loading.contents import installed_contents, read_text
        from envdoctor.imports.loading import LoadJudge

        active = [one for one in self._facts.packages.active().values() if one.metadata != distribution.metadata]
        own, *others = [installed_contents(self._facts, one) for one in (distribution, *(() if alone else active))]
        roots = {one.label: two.root for one, two in zip(others, active, strict=False)} | {own.label: distribution.root}
        folders = tuple(dict.fromkeys(one.root for one in self._facts.packages.distributions))
        site = InstalledSite(self.loader, self.tree, self._search, roots, folders)
        texts = lambda wheel, member: read_text(roots[wheel.label], member)  # noqa: E731 - needs no name of its own
        return LoadJudge((own, *others), self.target, texts, site), own
