"""The files that all findings on packages and libraries rest on: while they are the same, so are the findings."""

from __future__ import annotations

import importlib.util
import os
import posixpath
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.core.plugins import folder_of
from envdoctor.facts.locked import PROJECT, project_files
from envdoctor.facts.python.search_path import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_LD_CACHE = "/etc/ld.so.cache"
#: Where ctypes and loaders look beside the folders that the loader itself names (`facts.importing.libraries`).
_LIBRARY_FOLDERS = ("/usr/local/lib", "/opt/homebrew/lib", "/opt/local/lib", "~/lib")
_OWN_PACKAGES = ("envdoctor", "envdoctor_probes")
#: Others' modules that judge versions and take files apart.
_HELPERS = ("packaging", "msgspec")
#: What says that a folder is the source of a distribution (`facts.strays`).
_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")


@frozen
class Watched:
    """All of them.

    Attributes:
        trees: folders, with everything below.
        paths: files, folders for what is directly in them, and places where nothing is yet.
    """

    trees: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


def derive(facts: Facts) -> Watched:
    """Gather what the other groups looked at.

    Raises:
        FactUnavailable: one of them could not be collected.
    """
    from envdoctor.facts.importing.hooks import find_hooks

    own = [str(folder) for name in _OWN_PACKAGES if (folder := folder_of(name)) is not None]
    mapped = list(find_hooks(facts.python).mapped.values())
    trees = [
        *(folder.path for folder in facts.python.search_path),
        *(path for path in mapped if os.path.isdir(path)),
        *own,
    ]
    outside = [*mapped, *_helpers(), *_of_python(facts), *_of_machine(facts), *_of_records(facts), *_of_projects(facts)]
    starts = tuple(f"{tree}/" for tree in trees)
    paths = (path for path in outside if not path.startswith(starts) or "/../" in path)
    return Watched(trees=tuple(trees), paths=tuple(dict.fromkeys(paths)))


def _helpers() -> Iterator[str]:
    for name in _HELPERS:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            yield spec.origin


def _of_python(facts: Facts) -> Iterator[str]:
    """The interpreter, its settings, and what it runs when it starts."""
    from envdoctor.facts.startup import keras_settings, library_of

    python = facts.python
    yield keras_settings()
    yield python.executable
    yield os.path.realpath(python.executable)
    yield from (*project_files(python), f"{python.prefix}/{PROJECT}")
    for folder in (python.prefix, os.path.dirname(python.executable)):
        yield f"{folder}/pyvenv.cfg"
    library = library_of(python)
    yield from (library, f"{library}/sitecustomize.py", f"{library}/usercustomize.py")


def _of_machine(facts: Facts) -> Iterator[str]:
    """The system's libraries and programs: each library, and the folders that another may appear in."""
    from envdoctor.facts.runtimes import places_of_dotnet

    yield _LD_CACHE
    yield from facts.loading.asked
    yield from facts.loading.machine
    yield from (os.path.expanduser(folder) for folder in _LIBRARY_FOLDERS)
    for folder in filter(None, os.environ.get("PATH", "").split(os.pathsep)):
        yield from (folder, os.path.join(folder, "java"))  # mostly a link to another folder, which may go
    yield from places_of_dotnet()
    yield os.path.join(os.environ.get("JAVA_HOME", ""), "bin")


def _of_records(facts: Facts) -> Iterator[str]:
    """What RECORDs list outside of the folders of packages, scripts above all, and what scripts start with."""
    from envdoctor.facts.importing.entries import interpreter_of, scripts_of

    for record in facts.records.records:
        root = record.distribution.root
        yield from (posixpath.join(root, path) for path in record.paths if path.startswith(("..", "/")))
        yield from filter(None, map(interpreter_of, scripts_of(record.paths, root).values()))


def _of_projects(facts: Facts) -> Iterator[str]:
    """The projects of editable installs, and what says whose source a folder is."""
    yield from (one.editable for one in facts.packages.distributions if one.editable)
    first = [folder.path for folder in facts.python.search_path if folder.origin is Origin.PYTHONPATH]
    for folder in (os.getcwd(), *first):
        for place in (folder, os.path.dirname(folder)):
            yield from (f"{place}/{name}" for name in _PROJECT_FILES)
