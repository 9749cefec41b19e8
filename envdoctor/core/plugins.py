"""What other installed distributions add: the modules that they name in entry-point groups (entry_points.txt, PyPA)."""

from __future__ import annotations

import functools
import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from envdoctor.core.frozen import frozen

#: The groups, and what a module of each brings.
GROUPS = {
    "probes": "a probe",
    "actions": "an ACTION",
    "compilers": "a COMPILER",
    "renderers": "a function render",
    "toolchains": "a table toolchains.toml",
}


@frozen
class EntryPoint:
    """One line of an entry_points.txt.

    Attributes:
        group: a key of GROUPS.
        module: what it names.
        distribution: whose it is, `name-version`.
        file: where it stands.
    """

    group: str
    module: str
    distribution: str
    file: str


@frozen
class PluginProblem:
    """Why something of a plug-in is not used."""

    entry: EntryPoint
    text: str


@frozen
class PluginState:
    """What plug-ins there are, and what is wrong with them."""

    entries: tuple[EntryPoint, ...] = ()
    problems: tuple[PluginProblem, ...] = ()


def entry_points(group: str) -> tuple[str, ...]:
    """The modules that installed distributions name in an entry-point group (`envdoctor.probes`), sorted."""
    wanted = group.removeprefix("envdoctor.")
    return tuple(sorted({one.module for one in all_entry_points().entries if one.group == wanted}))


def all_entry_points() -> PluginState:
    """The entry points of all groups, and the files of which that can't be told; read anew where a folder changed."""
    return _read(tuple((folder, _changed(folder)) for folder in dict.fromkeys(sys.path)))


@functools.lru_cache(maxsize=1)
def _read(folders: tuple[tuple[str, int], ...]) -> PluginState:
    """Reads entry_points.txt files directly.

    `importlib.metadata` needs about 30 ms for a hundred distributions, and hardly any of them is a plug-in.
    """
    entries: dict[tuple[str, str], EntryPoint] = {}
    problems: list[PluginProblem] = []
    files = [file for folder, _ in folders for file in Path(folder or ".").glob("*.dist-info/entry_points.txt")]
    for file in filter(Path.is_file, files):  # a pipe would be waited for
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:  # whether it is a plug-in's is not known; no loader could use it either
            continue
        if "[envdoctor." not in text:
            continue
        try:
            found = _parse(text, file)
        except ValueError as error:
            broken = EntryPoint(group="", module="", distribution=_distribution(file), file=str(file))
            problems.append(PluginProblem(entry=broken, text=str(error)))
            continue
        for one in found:
            entries.setdefault((one.group, one.module), one)
    ordered = tuple(entries[key] for key in sorted(entries))
    return PluginState(entries=ordered, problems=tuple(problems))


def folder_of(module: str) -> Path | None:
    """The folder of a package, without running any code of it; None for what is no package, or is not there."""
    top, *inner = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # an odd name, or a module that runs and has no spec
        return None
    for name in inner:
        places = spec.submodule_search_locations if spec is not None else None
        spec = PathFinder.find_spec(name, places) if places else None
    found = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(found))) if found else None


def _changed(folder: str) -> int:
    try:
        return Path(folder or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _distribution(file: Path) -> str:
    return file.parent.name.removesuffix(".dist-info")


def _parse(text: str, file: Path) -> list[EntryPoint]:
    """The entry points for envdoctor.

    Raises:
        ValueError: the file is not in the form that the specification asks for.
    """
    import configparser

    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(f"its entry_points.txt can't be read: {' '.join(str(error).split())}") from None
    return [
        EntryPoint(
            group=section.removeprefix("envdoctor."),
            module=value.partition(":")[0].strip(),
            distribution=_distribution(file),
            file=str(file),
        )
        for section in parser.sections()
        if section.startswith("envdoctor.")
        for value in parser[section].values()
    ]
