"""Which libraries the system's loader finds, as far as the platform's policy tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.policy import Promise, SystemPolicy, provider_of
from envdoctor.core.target import System

if TYPE_CHECKING:
    from envdoctor.core.target import Target

_SUFFIXES = {
    System.LINUX: ("lib{}.so",),
    System.MACOS: ("lib{}.dylib", "{}.dylib"),
    System.WINDOWS: ("{}.dll", "lib{}.dll"),
}


class SystemLibraries:
    """The libraries of a target's system; with `desktop`, also those that systems with a desktop have."""

    def __init__(self, target: Target, *, desktop: bool = True) -> None:
        self._system = target.platform.system
        self._policy = SystemPolicy(target.platform)
        self._desktop = desktop

    def has(self, name: str, *, whole: bool) -> bool | None:
        """Whether the loader finds a library by its file name (`whole`), or by what stands in the middle of that.

        Of Windows and macOS it is not listed what they have, but some of what they do not.
        """
        files = [name] if whole else [form.format(name) for form in _SUFFIXES[self._system]]
        promised = [promise for promise in map(self._promise, files) if promise is not None]
        if promised:
            return self._desktop or any(promise is not Promise.DESKTOP for promise in promised)
        if self._system is System.LINUX:
            return False
        return False if any(provider_of(file) for file in files) else None

    def _promise(self, file: str) -> Promise | None:
        found = self._policy.provides_any(file)
        return found.promise if found else None
