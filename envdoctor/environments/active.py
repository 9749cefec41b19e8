"""Which environment a user means who names none: the active one, else the one in this folder, else envdoctor's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_regular
from envdoctor.support.virtual_environments import interpreter_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What activating sets: PEP 405's activate scripts, and `conda activate`.
_VARIABLES = ("VIRTUAL_ENV", "CONDA_PREFIX")
#: Where tools make a project's environment: uv and poetry `.venv`, many tutorials `venv`.
_FOLDERS = (".venv", "venv")
_LARGEST_SETTINGS = 1 << 20
_OWN = "envdoctor's own"


@frozen
class Choice:
    """An environment that nobody named.

    Attributes:
        folder: its folder; None for envdoctor's own.
        reason: why it is this one, in words; empty where no other could be meant.
        is_found: True where it only lies in the current folder: no variable names it.
        others: what could have been meant too, each with the reason.
    """

    folder: Path | None = None
    reason: str = ""
    is_found: bool = False
    others: tuple[str, ...] = ()


def choose_environment(environ: Mapping[str, str], folder: Path, own: Path | None = None) -> Choice:
    """Choose among the environments that may be meant.

    One that a variable names is chosen even where nothing is there, so that a broken one is told and not passed over.

    Args:
        environ: the environment variables.
        folder: the current folder.
        own: the folder of the environment that envdoctor runs in; None for that of this process.
    """
    own = Path(sys.prefix) if own is None else own
    found: dict[str, tuple[Path, str]] = {}
    for path, reason in _candidates(environ, folder):
        found.setdefault(os.path.realpath(path), (path, reason))
    mine = os.path.realpath(own)
    if not found:
        return Choice(reason=f"it is {_OWN}, and no other is active")
    real, (path, reason) = next(iter(found.items()))
    others = [f"{other} ({why})" for key, (other, why) in found.items() if key not in {real, mine}]
    if real == mine:
        return Choice(reason=reason if others else "", others=tuple(others))
    is_found = path not in [Path(environ[name]) for name in _VARIABLES if environ.get(name)]
    return Choice(folder=path, reason=reason, is_found=is_found, others=(*others, f"{own} ({_OWN})"))


def brings_its_python(environment: Path, folder: Path, home: Path, *, windows: bool = os.name == "nt") -> bool:
    """Whether an environment's interpreter, or what that loads, lies in the current folder as the environment does.

    A project that is only looked at (a clone, an unpacked archive) can hold all of it, and to ask the interpreter what
    it is would run code of the project. In the home folder lie the Pythons of version managers.
    """
    project = Path(os.path.realpath(folder))
    if project in {Path(os.path.realpath(home)), Path(project.anchor)}:
        return False
    led = [] if windows else [environment / name for name in interpreter_names()]  # on Windows it is always a copy
    led += [Path(value) for value in _settings_home(environment)]
    return any(project in Path(os.path.realpath(path)).parents for path in led if os.path.lexists(path))


def _settings_home(environment: Path) -> Iterator[str]:
    """Where an environment's settings say that its Python is (PEP 405)."""
    try:
        text = read_regular(environment / "pyvenv.cfg", _LARGEST_SETTINGS).decode("utf-8", "surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "home":
            yield value.strip()


def _candidates(environ: Mapping[str, str], folder: Path) -> Iterator[tuple[Path, str]]:
    for variable in _VARIABLES:
        if named := environ.get(variable):
            yield Path(named), f"{variable} names it"
    for name in _FOLDERS:
        if _is_environment(folder / name):
            yield (folder / name).absolute(), f"it is the {name} of this folder"


def _is_environment(folder: Path) -> bool:
    """Whether something is an environment, a broken one too: it has its settings file (PEP 405) or an interpreter."""
    return any(os.path.lexists(folder / name) for name in ("pyvenv.cfg", *interpreter_names()))
