"""Where the modules of an import are found: what the interpreter asks, and anything that holds modules answers."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.target import Target


class Presence(enum.Enum):
    """What there is of a module."""

    TEXT = "text"  # it is followed
    NATIVE = "native"  # an extension module
    NAMESPACE = "namespace"  # a folder without `__init__`
    ELSEWHERE = "elsewhere"  # it is there, and not followed: Python's own, or of another distribution
    ABSENT = "absent"  # proven: no finder that Python has from the start finds it
    UNKNOWN = "unknown"


@frozen
class Found:
    """One module of a site.

    Attributes:
        presence: what there is.
        is_package: whether submodules are looked for in it.
        path: its file, from site-packages; for TEXT and NATIVE.
        fails: of ELSEWHERE: proven that importing it raises. Of NATIVE: that the file lacks what an import calls.
        raises: of ELSEWHERE that fails: the exception, if it is one of Python's own.
        loads: of ELSEWHERE: nothing speaks against its import, so that it is taken to raise nothing.
        waits: of UNKNOWN: ABSENT as long as no extension module of its distribution was imported, which might make it.
    """

    presence: Presence
    is_package: bool = False
    path: str = ""
    fails: bool = False
    loads: bool = False
    raises: str = ""
    waits: bool = False


class Site(Protocol):
    """The modules and libraries that an import meets. Every answer may be "not known"; none may be a guess."""

    @property
    def target(self) -> Target:
        """The Python that imports, and its system."""
        ...

    def find(self, module: str) -> Found:
        """What there is of a module, by its absolute name; never raises."""
        ...

    def read(self, module: str) -> str:
        """The source of a module that is TEXT.

        Raises:
            Unreadable: there is none that can be read.
        """
        ...

    def may_be_compiled(self, module: str) -> bool:
        """Whether Python may take a compiled file in place of the text of a module that is TEXT."""
        ...

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module that is ELSEWHERE is proven to have no such name and no such submodule."""
        ...

    def lacks_itself(self, module: str, name: str) -> bool:
        """Whether a package that is ELSEWHERE is proven to bind no such name, so that only a submodule can be meant."""
        ...

    def binds(self, module: str, name: str) -> bool:
        """Whether a module that is ELSEWHERE has a name wherever it can be imported."""
        ...

    def lacks_file(self, path: str) -> bool:
        """Whether a file of the site is certainly not there, by its path as `Found` has it."""
        ...

    def lacks_match(self, pattern: str) -> bool:
        """Whether certainly no file of the site has a path that matches a pattern of `glob`."""
        ...

    def modules_in(self, folder: str) -> tuple[tuple[str, bool], ...] | None:
        """The modules that lie in a folder of the site, by name and in order, and whether each is a package.

        None where they are not all known.
        """
        ...

    def has_distribution(self, name: str) -> bool | None:
        """Whether `importlib.metadata` finds a distribution of a name; None where that is not known."""
        ...

    def variable(self, name: str) -> str | None:
        """The value of a variable that the process is known to begin with; None where nothing is known of it."""
        ...

    def may_set(self, setting: str) -> bool:
        """Whether code of others, as far as it is known, may set a variable of the environment, as NAME=VALUE."""
        ...

    def version_of(self, name: str) -> str:
        """The version of a distribution that `importlib.metadata` finds by a name; "" where that is not known."""
        ...

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """The distribution that has a module which is ELSEWHERE, and the version that the module tells under a name.

        Both are "" where that is not known.
        """
        ...

    def has_library(self, name: str, *, whole: bool) -> bool | None:
        """Whether the system's loader finds a library; None where that is not known.

        Args:
            name: its file name (`whole`), or what `ctypes.util.find_library` is given.
            whole: which of both.
        """
        ...

    def alone_brings(self, name: str) -> bool:
        """Whether the site brings a library of a file name, and nobody else certainly does."""
        ...

    def files_named(self, name: str, beside: str) -> tuple[str, ...]:
        """The native files of the site, from site-packages, that a load by this base name may mean.

        Args:
            name: the base name, in any case.
            beside: the path of the module that names it; files in its folder hide others.
        """
        ...

    def files_mentioned(self, modules: Sequence[str]) -> tuple[str, ...]:
        """The native libraries of the site, from site-packages, of which the texts of some modules hold the names."""
        ...

    def lacks_function(self, path: str, name: str) -> bool:
        """Whether a native file of the site certainly has no function of a name, nor what it needs."""
        ...

    def fails_to_load(self, path: str) -> bool:
        """Whether a native file of the site is proven not to load; asked each time at the moment when it is loaded."""
        ...
