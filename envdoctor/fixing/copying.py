"""A copy of an environment, on which a plan is tried before anything of the user's changes.

Files are linked, not copied, where the file system can: installers replace files and write into none (what they write
into, lists of paths and metadata, is copied). So a copy takes a second and no room.

Nobody has agreed to anything yet, so nothing of the environment may run: while installers start the copy's Python, what
the `site` module runs at its start is empty there.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.facts.python.search_path import Origin
from envdoctor.support.files import head_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envdoctor.executors import Executor
    from envdoctor.facts.python import Python

#: More than this is not copied where files can't be linked.
_MOST_COPIED = 2 << 30
#: Bytes; the programs that installers write for a distribution's commands are smaller, on Windows too.
_LARGEST_SCRIPT = 1 << 20
#: How such a program begins: no other is copied, nor one that may not be read or runs as another user.
_SCRIPTS = ("#!", "MZ")
_TRIAL = ".envdoctor-trial-"
_BARE = "envdoctor-bare-"
_NAME = "environment"
#: The folder of a copy, in what programs say of it.
_COPY = re.compile(rf"(?:[A-Za-z]:)?[\\/][^\s'\"`]*?[\\/](?:{re.escape(_TRIAL)}|{_BARE})\w+[\\/]{_NAME}")
_METADATA = (".dist-info", ".egg-info")
_SITE_FOLDERS = frozenset({"site-packages", "dist-packages"})
#: In pyvenv.cfg, as `site` reads it.
_SEES_BASE = re.compile(rb"(?im)^(\s*include-system-site-packages\s*=\s*)\S+")
_SECONDS = 120.0


@contextmanager
def metadata_copied(python: Python, executor: Executor, without: Collection[str] = ()) -> Iterator[str]:
    """The interpreter of a copy that has the metadata of what is installed and nothing else, for who asks about that.

    Left out are metadata folders of the names in `without`, for which whoever asks would fail.

    Raises:
        EnvironmentProblem: it can't be made.
    """
    with tempfile.TemporaryDirectory(prefix=_BARE) as name:
        copy = Path(name) / _NAME
        program = _copy(python, executor, copy, _Copier(only_metadata=True, without=frozenset(without)))
        with nothing_starts(copy):
            yield program


@contextmanager
def nothing_starts(copy: Path) -> Iterator[None]:
    """Keep a copy's Python from running code at its start: `.pth` files, sitecustomize and usercustomize are empty.

    Afterwards they are as before, but for those that were removed or replaced meanwhile. The packages of the
    interpreter that a virtual environment is of, which may have such files too, are not seen meanwhile.
    """
    folders = [*copy.glob("lib*/python*/site-packages"), copy / "Lib" / "site-packages"]
    files = {file.resolve() for folder in folders for file in _run_at_start(folder)}
    before = {file: file.read_bytes() for file in files}
    settings = copy / "pyvenv.cfg"
    told = settings.read_bytes()
    for file in files:
        file.unlink()  # may be a link to the environment's own
        file.touch()
    settings.write_bytes(_SEES_BASE.sub(rb"\1false", told))
    try:
        yield
    finally:
        settings.write_bytes(told)
        for file, content in before.items():
            if file.is_file() and not file.stat().st_size:
                file.write_bytes(content)


def _run_at_start(folder: Path) -> Iterator[Path]:
    """What the `site` module reads or imports at every start of Python; of a package its own module."""
    yield from folder.glob("*.pth")
    for name in ("sitecustomize", "usercustomize"):
        yield from (one for pattern in (f"{name}.*", f"{name}/__init__.*") for one in folder.glob(pattern))


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
        yield _copy(python, executor, folder / _NAME, _Copier())


def _copy(python: Python, executor: Executor, copy: Path, copier: _Copier) -> str:
    """Make a copy; returns its interpreter."""
    try:
        if python.virtual:
            copier.copy(Path(python.prefix), copy)
        else:
            _make_alike(python, copy, executor, copier)
    except OSError as error:
        raise EnvironmentProblem(f"the environment can't be copied: {error.strerror or error}.") from error
    program = Path(python.executable)
    return str(copy / program.parent.name / program.name)


def without_copy(text: str, prefix: str) -> str:
    """What programs said of a copy, said of the environment: the copy's folder means nothing to a reader."""
    return _COPY.sub(lambda _: prefix, text)


def site_folder(python: Python) -> Path:
    """The folder that installers write into.

    Raises:
        EnvironmentProblem: the interpreter has none.
    """
    for one in python.search_path:
        if one.origin is Origin.SITE and Path(one.path).name in _SITE_FOLDERS:
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
    with tempfile.TemporaryDirectory(prefix=_TRIAL, dir=(same or places)[0]) as name:
        yield Path(name)


def _size(folder: Path) -> int:
    return sum(entry.lstat().st_size for entry in folder.rglob("*"))


def _make_alike(python: Python, copy: Path, executor: Executor, copier: _Copier) -> None:
    """A virtual environment of an interpreter, with the packages that it has itself."""
    argv = (python.executable, "-I", "-S", "-m", "venv", "--without-pip", str(copy))
    result = executor.run(Command(argv=argv, timeout=_SECONDS))
    if not result.ok:
        raise EnvironmentProblem(f"python -m venv {result.describe_failure()}: {result.last_line}")
    folder = next(iter(sorted(copy.glob("lib/python*/site-packages")) or [copy / "Lib" / "site-packages"]))
    shutil.rmtree(folder)
    copier.copy(site_folder(python), folder)
    programs = Path(python.executable).parent
    missing = {one.name for one in programs.iterdir()} - {one.name for one in (copy / programs.name).glob("*")}
    for script in map(programs.joinpath, missing):  # else a command that an import mends would be told as gone
        is_made = head_text(script, 2) in _SCRIPTS and script.stat().st_size < _LARGEST_SCRIPT
        if is_made and (copy / programs.name).is_dir():
            shutil.copy2(script, copy / programs.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copier:
    """Copies folders; of packages their metadata alone, if that is all that is wanted, but for some."""

    only_metadata: bool = False
    without: frozenset[str] = frozenset()

    def copy(self, source: Path, target: Path, *, really: bool = False) -> None:
        target.mkdir(parents=True)
        bare = self.only_metadata and source.name in _SITE_FOLDERS
        with os.scandir(source) as entries:
            for entry in entries:
                if bare and (entry.name in self.without or not entry.name.endswith((*_METADATA, ".egg-link"))):
                    continue
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
