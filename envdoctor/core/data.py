"""The tables shipped under envdoctor/data and in the folders of compilers: facts as data, read once a process."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.plugins import entry_points, folder_of

DATA = Path(__file__).resolve().parent.parent / "data"
COMPILERS = DATA.parent / "compilers"

#: Tables to which a compiler adds rows of its own, in a file of the same name in its folder.
SHARED = frozenset(
    {
        "compiled-files",
        "environments",
        "file-formats",
        "goals",
        "stage-problems",
        "tflite-kernels",
        "tflite-readers",
        "toolchains",
    }
)


#: What a row of a plug-in's table must have; a row that lacks it, or of any other table no table, is left out.
_REQUIRED = {
    "compiled-files": {"words"},
    "goals": {"title", "kind", "compiler"},
    "stage-problems": {"code", "severity", "title", "why", "message", "fix"},
    "tflite-readers": {"title", "evidence", "per_channel_dense", "per_channel_hybrid", "data_outside"},
    "toolchains": {"title"},
}
#: What it may have, of the tables whose rows become values as they are.
_ALLOWED = {
    "goals": {"accelerator", "per_tensor_dense", "runtimes"},
    "tflite-readers": {
        *("custom_ops", "schemes", "static_shapes", "compiler", "release"),
        *("reads_to", "refuses_from", "versions"),
    },
    "toolchains": {"sources", "advice", "package", "architecture", "system_packages", "keep", "companion"},
}


@functools.cache
def load_table(name: str) -> dict[str, Any]:
    """Read `envdoctor/data/NAME.toml`, behind the rows that compilers add to it.

    What a plug-in's table has wrong is left out, and `plugged_rows` tells it.

    Returns:
        The table. It is shared between callers: don't change it.

    Raises:
        EnvDoctorError: two compilers have a row of the same name.
    """
    table: dict[str, Any] = {}
    for file in (*_files_in(built_in_folders(), name), DATA / f"{name}.toml"):
        for key, row in load_file(file).items():
            if key in table:
                raise EnvDoctorError(f"{file}: '{key}' is in the table {name} already; give it another name")
            table[key] = row
    if name in SHARED:
        for folder in plugged_folders(name):
            rows, _ = plugged_rows(folder, name, frozenset(table))
            table |= rows
    return table


def plugged_rows(folder: Path, name: str, taken: frozenset[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The rows that a plug-in adds to a table, and what is wrong with the others.

    Args:
        folder: the plug-in's.
        name: of the table.
        taken: the names of rows that are there already.
    """
    rows: dict[str, Any] = {}
    wrong: list[str] = []
    for file in _files_in((folder,), name):
        try:
            found = load_file(file)
        except (EnvDoctorError, OSError, UnicodeDecodeError) as error:
            wrong.append(str(error))
            continue
        for key, row in found.items():
            if said := _wrong(name, row, taken=key in taken):
                wrong.append(f"{file}: [{key}] {said}")
            else:
                rows[key] = row
    return rows, tuple(wrong)


def _wrong(name: str, row: object, *, taken: bool) -> str:
    if taken:
        return "is the name of another row already"
    if not isinstance(row, dict):
        return "is no table"
    required = _REQUIRED.get(name, set())
    if missing := sorted(required - row.keys()):
        return f"lacks {', '.join(missing)}"
    unknown = sorted(row.keys() - required - _ALLOWED[name]) if name in _ALLOWED else ()
    return f"has what nobody reads: {', '.join(unknown)}" if unknown else ""


@functools.cache
def load_file(path: Path) -> dict[str, Any]:
    """Read a TOML file. What is returned is shared between callers: don't change it.

    Raises:
        EnvDoctorError: it is no TOML; a plug-in's may not be.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise EnvDoctorError(f"{path} is no TOML file: {error}; mend it, or remove the plug-in") from None


@functools.cache
def compiler_folders() -> tuple[Path, ...]:
    """The folders of all compilers: those that are built in, then those of other distributions."""
    return (*built_in_folders(), *plugged_folders(""))


@functools.cache
def built_in_folders() -> tuple[Path, ...]:
    """The folders of the compilers that are built in."""
    return tuple(sorted(folder for folder in COMPILERS.iterdir() if (folder / "__init__.py").is_file()))


def plugged_folders(table: str) -> tuple[Path, ...]:
    """The folders of other distributions that may add rows to a table: compilers', and for toolchains theirs too."""
    names = [
        *entry_points("envdoctor.compilers"),
        *(entry_points("envdoctor.toolchains") if table == "toolchains" else ()),
    ]
    return tuple(folder for name in dict.fromkeys(names) if (folder := folder_of(name)) is not None)


def _files_in(folders: tuple[Path, ...], name: str) -> tuple[Path, ...]:
    if name not in SHARED:
        return ()
    files = (folder / f"{name}.toml" for folder in folders)
    return tuple(file for file in files if file.is_file())
