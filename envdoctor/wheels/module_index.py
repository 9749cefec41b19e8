"""The modules of a wheel, as Python's import system finds them once the wheel is installed."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_looked_for, is_module_name, module_abi
from envdoctor.wheels.contents import install_path, module_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.target import Target

_OF_MODULES = (".py", ".pyc", ".pyo", ".pyw", ".pye", ".so", ".pyd", ".pyx")  # .pye: text that a program hid


class ModuleIndex:
    """The modules of a wheel, as Python's import system finds them in site-packages.

    Attributes:
        natives: the files that are no Python text, by their name in small letters.
    """

    def __init__(self, members: Iterable[str], target: Target | None = None) -> None:
        """`target`: its Python finds only the extension modules that are named for it; None for all of them."""
        self._target = target
        self._modules: dict[str, str] = {}
        self._packages: dict[str, str] = {}
        self.natives: dict[str, list[str]] = {}
        self._folders: set[str] = set()
        self._stems: dict[str, bool] = {}  # files without their suffixes, and whether one is more than Cython's source
        self._paths = {member: install_path(member) for member in members}
        self._has_modules = False
        for member, path in self._paths.items():
            self._add(member, module_path(path))
            if not path.endswith(".py"):
                self.natives.setdefault(posixpath.basename(path).lower(), []).append(path)

    @property
    def path_files(self) -> list[str]:
        """The members that are .pth files at the top of site-packages: Python reads them when it starts."""
        return [member for member, path in self._paths.items() if path.endswith(".pth") and "/" not in path]

    def texts_in(self, folder: str) -> list[str]:
        """The members that are Python texts right in a folder, from site-packages."""
        texts = (member for member, path in self._paths.items() if path.endswith(".py"))
        return [member for member in texts if posixpath.dirname(self._paths[member]) == folder]

    def add_path(self, line: str) -> None:
        """A line of a .pth file that names a folder: what is in it is found without the folder's name."""
        prefix = posixpath.normpath(line.strip().replace("\\", "/")) + "/"
        for member, path in self._paths.items():
            if path.lower().startswith(prefix.lower()):
                self._add(member, path[len(prefix) :])

    def _add(self, member: str, path: str) -> None:
        folder, _, file = path.rpartition("/")
        package = folder.replace("/", ".")
        if file == "__init__.py":
            self._packages.setdefault(package, member)
        elif file.endswith(".py"):
            self._modules.setdefault(f"{package}.{file[:-3]}".lstrip("."), member)
        elif self._may_be_module(file):
            self._has_modules = True  # an extension module hides a .py file of the same name
            self._modules[f"{package}.{file.partition('.')[0]}".lstrip(".")] = member

    def _may_be_module(self, file: str) -> bool:
        return is_looked_for(file, self._target) if self._target else module_abi(file) is not None

    def find(self, name: str) -> str | None:
        """The member that importing a module executes; None where the wheel has none."""
        return self._packages.get(name) or self._modules.get(name)

    def exists(self, name: str) -> bool:
        """Whether a module may be there: as a file of any kind, or a folder that holds some (a namespace package)."""
        return self.find(name) is not None or self.is_folder(name) or name.replace(".", "/") in self._stems

    def is_source(self, name: str) -> bool:
        """Whether a module is there as Cython's source alone, of which only `pyximport` makes a module."""
        return not self.is_folder(name) and not self._stems.get(name.replace(".", "/"), True)

    def _is_of_no_use(self, file: str) -> bool:
        """Whether the target's Python surely makes no module of a file: a library, or a module for another Python."""
        is_anothers = module_abi(file) is not None and not self._may_be_module(file)
        return self._target is not None and (is_anothers or not file.endswith(_OF_MODULES))

    def is_folder(self, name: str) -> bool:
        """Whether there is a folder of a module's name."""
        if not self._stems:
            for path in map(module_path, self._paths.values()):
                parts = path.split("/")
                self._folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
                if not self._is_of_no_use(parts[-1]):
                    stem = "/".join([*parts[:-1], parts[-1].partition(".")[0]])
                    self._stems[stem] = self._stems.get(stem, False) or not path.endswith(".pyx")
        return name.replace(".", "/") in self._folders

    def lacks_path(self, path: str) -> bool:
        """Whether the wheel has no file or folder at a path from site-packages, and a package at its top, if any."""
        lower = path.lower().rstrip("/")
        present = any(each.lower() == lower or each.lower().startswith(f"{lower}/") for each in self._paths.values())
        top, below, _ = path.partition("/")
        return (self.is_package(top) or not below) and not present

    def lacks_match(self, pattern: str) -> bool:
        """Whether the wheel has no file whose path, in any case, matches a pattern, and a package at its top."""
        wide = pattern.lower().replace("**/", "*")  # a star stands for folders too
        matches = any(fnmatch.fnmatchcase(path.lower(), wide) for path in self._paths.values())
        return self.is_package(pattern.partition("/")[0]) and not matches

    def natives_may_find(self, module: str) -> bool:
        """Whether a native module of the wheel may make a file importable by this name at the top; none tells."""
        return self._has_modules and module.partition(".")[0] in self._words

    @functools.cached_property
    def _words(self) -> frozenset[str]:
        """The names of all folders and files, without what follows the first dot."""
        return frozenset(part.partition(".")[0] for path in self._paths.values() for part in path.split("/"))

    def is_package(self, name: str) -> bool:
        """Whether a module is a package with an `__init__.py`."""
        return name in self._packages

    def submodules(self, package: str) -> list[str]:
        """The public modules directly in a package, in the order of the wheel; a `libNAME.so` is not meant as one.

        What has no `__init__.py` is a folder alone (a namespace): what lies in its folders without one counts, too.
        """
        modules = (name for name, member in self._modules.items() if _is_meant_as_module(posixpath.basename(member)))
        return [name for name in [*modules, *self._packages] if self._is_public_in(package, name)]

    def _is_public_in(self, package: str, name: str) -> bool:
        folder, _, own = name.rpartition(".")
        while package not in self._packages and folder != package and folder and folder not in self._packages:
            folder, _, between = folder.rpartition(".")
            if between.startswith("_"):
                return False
        return folder == package and not own.startswith("_")


def _is_meant_as_module(file: str) -> bool:
    return file.endswith(".py") or is_module_name(file)
