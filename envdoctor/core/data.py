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
_SHARED = frozenset(
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


@functools.cache
def load_table(name: str) -> dict[str, Any]:
    """Read `envdoctor/data/NAME.toml`, behind the rows that compilers add to it.

    Returns:
        The table. It is shared between callers: don't change it.

    Raises:
        EnvDoctorError: two compilers have a row of the same name.
    """
    table: dict[str, Any] = {}
    for file in (*_files_of_compilers(name), DATA / f"{name}.toml"):
        for key, row in load_file(file).items():
            if key in table:
                raise EnvDoctorError(f"{file}: '{key}' is in the table {name} already; give it another name")
            table[key] = row
    return table


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
    built_in = sorted(folder for folder in COMPILERS.iterdir() if (folder / "__init__.py").is_file())
    plugged = (folder_of(name) for name in entry_points("envdoctor.compilers"))
    return (*built_in, *(folder for folder in plugged if folder is not None))


def _files_of_compilers(name: str) -> tuple[Path, ...]:
    if name not in _SHARED:
        return ()
    files = (folder / f"{name}.toml" for folder in compiler_folders())
    return tuple(file for file in files if file.is_file())
