"""What a maintainer needs to see a fault of a wheel without envdoctor, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from envdoctor.core.availability import Pin  # noqa: TC001  (part of a value)


class ClaimKind(enum.Enum):
    """What can be shown with pip, zipfile, readelf and otool alone; the value is its name in the script."""

    LIBRARY = "library"  # a file needs a library that no wheel holds
    SYMBOL = "symbol"  # a file needs a symbol that no file defines
    MODULE = "module"  # a module imports another that no wheel holds
    NAME = "name"  # a module asks for a name that another wheel lacks
    LOOKUP = "lookup"  # a module looks for a library of the system by its name
    SHARED = "shared"  # two wheels hold the same file with different content
    REFUSED = "refused"  # pip finds no set of wheels


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One fault.

    Attributes:
        wheel: name and version, of the one at fault.
        message: what is wrong, in one sentence.
        files: the paths in the wheel that it is about, or the dotted module.
        names: the libraries, symbols, modules or names that are missing.
        other: name and version of the other wheel, if it is about two.
        fix: what the maintainer can do.
    """

    kind: ClaimKind
    wheel: str
    message: str
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    other: str = ""
    fix: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The same for the same fault of another release; files move between releases."""
        return (self.kind.value, self.wheel.partition(" ")[0], *self.names[:1])


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedRelease:
    """One release that was looked at; `affected` is None where nothing can be said, `uploaded` empty if not told."""

    version: str
    uploaded: str
    affected: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamReport:
    """A report to the maintainers of a package; it is written, never sent.

    Attributes:
        label: name and version.
        target: where it fails.
        python: the Python there, `3.11`.
        requirement: what a user asks pip for.
        claims: what the script shows.
        others: what else was found, in sentences, that no script shows.
        remedies: constraints under which users get round it.
        wheels: the set, the wheel in question first.
        releases: those that were looked at, newest first.
        looked_at: the moment at which the index was looked at.
        local: whether the wheel was a file on the disk, which pip can't download.
    """

    label: str
    target: str
    python: str
    requirement: str
    claims: tuple[Claim, ...]
    others: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    wheels: tuple[Pin, ...] = ()
    releases: tuple[AffectedRelease, ...] = ()
    looked_at: str = ""
    local: bool = False
