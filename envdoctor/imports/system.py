"""Which libraries the system's loader finds, as far as the platform's policy tells."""

from __future__ import annotations

import re
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
#: Names of files that no system of a kind has, its own loader would take them or not.
_FOREIGN = {
    System.LINUX: re.compile(r"\.(?:dll|dylib)$", re.IGNORECASE),
    System.MACOS: re.compile(r"\.so\.\d[\d.]*$|\.dll$", re.IGNORECASE),
    System.WINDOWS: re.compile(r"\.so(?:\.\d[\d.]*)?$|\.dylib$", re.IGNORECASE),
}


class SystemLibraries:
    """The libraries of a target's system; with `desktop`, also those that systems with a desktop have."""

    def __init__(self, target: Target, *, desktop: bool = True) -> None:
        self._system = target.platform.system
        self._policy = SystemPolicy(target.platform)
        self._desktop = desktop

    def has(self, name: str, *, whole: bool) -> bool | None:
        """Whether the loader finds a library by its file name (`whole`), or by what stands in the middle of that.

        Of Windows and macOS not all is listed that they have: what else is asked for, systems with a desktop may have.
        Windows adds the suffix to a name that has none; what begins with a capital may be a framework of macOS.
        """
        files = [name] if whole else [form.format(name) for form in _SUFFIXES[self._system]]
        files += [f"{name}.dll"] if whole and "." not in name and self._system is System.WINDOWS else []
        if whole and _FOREIGN[self._system].search(name):
            return False
        promised = [promise for promise in map(self._promise, files) if promise is not None]
        if promised:
            return self._desktop or any(promise is not Promise.DESKTOP for promise in promised)
        if self._system is System.LINUX:
            return False
        is_framework = self._system is System.MACOS and name[:1].isupper()
        is_sought = not (self._desktop or is_framework) or any(map(provider_of, files))
        return False if is_sought else None

    def _promise(self, file: str) -> Promise | None:
        found = self._policy.provides_any(file)
        return found.promise if found else None
