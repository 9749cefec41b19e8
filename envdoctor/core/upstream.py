"""What a maintainer needs to see a fault of a wheel without envdoctor, as values."""

from __future__ import annotations

from dataclasses import dataclass

from envdoctor.core.availability import Cause, Pin  # noqa: TC001  (parts of a value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One fault.

    Attributes:
        cause: what is at fault.
        message: what is wrong, in one sentence.
        fix: what the maintainer can do.
    """

    cause: Cause
    message: str
    fix: str

    @property
    def key(self) -> tuple[str, ...]:
        """The same for the same fault of another release; files move between releases."""
        return (self.cause.kind.value, self.cause.wheel.partition(" ")[0], *self.cause.names[:1])


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
