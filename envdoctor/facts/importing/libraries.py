"""Whether this machine's loader finds a library that code asks for by name: ctypes, and `ctypes.util.find_library`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.core.target import Libc, System
from envdoctor.imports.library_names import brings_library
from envdoctor.imports.system import SystemLibraries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envdoctor.core.target import Target
    from envdoctor.facts.loading.machine import Loader

#: Where programs for macOS come from that are none of the system's, and the folders of `ctypes.macholib.dyld`.
_MACOS = ("/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib", "~/lib", "/lib", "/usr/lib")


class MachineLibraries:
    """The libraries of this machine."""

    def __init__(self, loader: Loader, target: Target, natives: Iterable[str], environment: Mapping[str, str]) -> None:
        """Prepares.

        Args:
            loader: of this machine.
            target: the examined Python.
            natives: the names of all native files of the environment: what one of them is may be found by its name.
            environment: variables.
        """
        self._loader = loader
        self._target = target
        self._natives = tuple(natives)
        self._policy = SystemLibraries(target)
        self._environment = environment

    def has(self, name: str, *, whole: bool) -> bool | None:
        """See `imports.site.Site.has_library`."""
        is_path = "/" in name or "\\" in name
        if is_path and self._loader.system is System.LINUX and not whole:
            return False  # find_library asks ldconfig and the compiler for `libNAME`, which no path can be
        if is_path or brings_library(self._natives, name):
            return None
        if self._loader.system is System.LINUX:
            return self._on_linux(name, whole=whole)
        answer = self._policy.has(name, whole=whole)
        return None if answer is False and self._may_be_there(name) else answer

    def _on_linux(self, name: str, *, whole: bool) -> bool | None:
        """By ld.so.cache and the default folders, which both dlopen and `ldconfig -p` go by (ctypes/util.py)."""
        if whole:
            if name in self._loader.cache or self._is_in_folders((name,)):
                return True
            return False if self._is_known else None
        if any(each.startswith(f"lib{name}.so") for each in self._loader.cache):
            return True if self._target.platform.libc is Libc.GLIBC else None
        # Where ldconfig knows none, a compiler is asked, which takes these.
        if self._is_in_folders((f"lib{name}.so", f"lib{name}.a")) or not self._is_known:
            return None
        return None if self._target.platform.libc is Libc.MUSL and self._is_begun(f"lib{name}.so") else False

    @property
    def _is_known(self) -> bool:
        return bool(self._loader.cache) or self._target.platform.libc is Libc.MUSL

    def _is_in_folders(self, names: Iterable[str]) -> bool:
        folders = (*self._loader.library_path, *self._loader.folders, "/usr/local/lib")
        return any(os.path.exists(f"{folder}/{name}") for folder in folders for name in names)

    def _is_begun(self, start: str) -> bool:
        for folder in self._loader.folders:
            try:
                if any(name.startswith(start) for name in os.listdir(folder)):
                    return True
            except OSError:
                continue
        return False

    def _may_be_there(self, name: str) -> bool:
        """Whether a file of that name lies where macOS or Windows looks, in any version."""
        paths = self._environment.get("PATH", "").split(os.pathsep)
        folders = [*self._loader.library_path, *self._loader.folders, *paths]
        folders += [os.path.expanduser(folder) for folder in _MACOS] if self._loader.system is System.MACOS else []
        stem = os.path.basename(name).lower().removeprefix("lib").partition(".")[0]
        for folder in filter(None, folders):
            try:
                names = os.listdir(folder)
            except OSError:
                continue
            if any(stem in each.lower() for each in names):
                return True
        return False
