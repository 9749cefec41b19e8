"""A copy of an environment, on which a plan is tried before anything of the user's changes.

Files are linked, not copied, where the file system can: installers replace files and write into none (what they write
into, lists of paths and metadata, is copied). So a copy takes a second and no room.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.facts.python.search_path import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.executors import Executor
    from envdoctor.facts.python import Python

#: More than this is not copied where files can't be linked.
_MOST_COPIED = 2 << 30
_METADATA = (".dist-info", ".egg-info")
_SECONDS = 120.0


@contextmanager
def copied(python: Python, executor: Executor, cache: Path) -> Iterator[str]:
    """The interpreter of a copy of an environment, which vanishes afterwards.

    Args:
        python: whose environment.
        executor: runs `python -m venv` for what is no virtual environment.
        cache: a folder of envdoctor's own.

    Raises:
        EnvironmentProblem: it can't be copied.
    """
    source = site_folder(python)
    with _folder_for(source, python, cache) as folder:
        copy = folder / "environment"
        try:
            if python.virtual:
                _Copier().copy(Path(python.prefix), copy)
            else:
                _make_alike(python, source, copy, executor)
        except OSError as error:
            raise EnvironmentProblem(f"the environment can't be copied: {error.strerror or error}.") from error
        program = Path(python.executable)
        yield str(copy / program.parent.name / program.name)


def site_folder(python: Python) -> Path:
    """The folder that installers write into.

    Raises:
        EnvironmentProblem: the interpreter has none.
    """
    for one in python.search_path:
        if one.origin is Origin.SITE and Path(one.path).name in {"site-packages", "dist-packages"}:
            return Path(one.path)
    raise EnvironmentProblem(f"{python.executable} has no folder for packages; make an environment for it.")


@contextmanager
def _folder_for(source: Path, python: Python, cache: Path) -> Iterator[Path]:
    """A folder on the file system of the packages, so that files can be linked; else one that has room."""
    beside = (cache, Path(python.prefix).parent, Path(tempfile.gettempdir()))
    places = [place for place in beside if place.is_dir() and os.access(place, os.W_OK)]
    same = [place for place in places if place.stat().st_dev == source.stat().st_dev]
    if not places or (not same and _size(source) > _MOST_COPIED):
        raise EnvironmentProblem("there is no folder on its file system to copy the environment into.")
    with tempfile.TemporaryDirectory(prefix=".envdoctor-trial-", dir=(same or places)[0]) as name:
        yield Path(name)


def _size(folder: Path) -> int:
    return sum(entry.lstat().st_size for entry in folder.rglob("*"))


def _make_alike(python: Python, source: Path, copy: Path, executor: Executor) -> None:
    """A virtual environment of an interpreter, with the packages that it has itself."""
    argv = (python.executable, "-I", "-m", "venv", "--without-pip", str(copy))
    result = executor.run(Command(argv=argv, timeout=_SECONDS))
    if not result.ok:
        raise EnvironmentProblem(f"python -m venv {result.describe_failure()}: {result.last_line}")
    folder = next(iter(sorted(copy.glob("lib/python*/site-packages")) or [copy / "Lib" / "site-packages"]))
    shutil.rmtree(folder)
    _Copier().copy(source, folder)


class _Copier:
    """Copies folders; how many files were linked and how many were not is nobody's business."""

    def copy(self, source: Path, target: Path, *, really: bool = False) -> None:
        target.mkdir(parents=True)
        with os.scandir(source) as entries:
            for entry in entries:
                place = target / entry.name
                if entry.is_symlink():
                    place.symlink_to(Path(entry.path).readlink())
                elif entry.is_dir():
                    deep = really or entry.name.endswith(_METADATA) or entry.name in {"bin", "Scripts"}
                    self.copy(Path(entry.path), place, really=deep)
                elif entry.is_file():
                    self._file(entry.path, place, really=really or entry.name.endswith((".pth", ".cfg", ".egg-link")))

    @staticmethod
    def _file(source: str, target: Path, *, really: bool) -> None:
        if not really:
            try:
                os.link(source, target)
            except OSError:  # another file system, or one without links
                pass
            else:
                return
        shutil.copy2(source, target)
