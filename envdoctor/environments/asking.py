"""Asks an interpreter what it is. The one way in which envdoctor starts a Python that it only looks at.

`-I` leaves out PYTHONPATH, PYTHONHOME, PYTHONSTARTUP and the current folder, `-S` the site module, with which .pth
files, sitecustomize and usercustomize would run: nothing of the environment is executed; the rest is read from files.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.command import Command
from envdoctor.core.errors import UsageProblem
from envdoctor.support.virtual_environments import interpreter_names

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.executors import Executor

#: The oldest Python whose environment can be examined: `describe.py` runs on it.
OLDEST = (3, 8)
#: What it is given to run.
DESCRIBE = Path(__file__).with_name("describe.py")
#: Seconds that an interpreter gets to describe itself; it needs about 0.02.
TIME_LIMIT = 20.0


def ask_python(program: str, executor: Executor) -> dict[str, Any]:
    """What an interpreter says of itself: see `describe.describe`.

    Raises:
        UsageProblem: it is not a Python, is too old, or does not answer.
    """
    for folder in (Path(program).parent, Path(program).parent.parent):
        settings = folder / "pyvenv.cfg"
        if settings.exists() and not settings.is_file():
            raise UsageProblem(f"{settings} is no regular file, and {program} may wait for it for ever; delete it.")
    command = Command(argv=(program, "-I", "-S", "-"), stdin=DESCRIBE.read_bytes(), timeout=TIME_LIMIT)
    return parse_answer(program, executor.run(command))


def find_program(named: Path) -> str:
    """The interpreter that a path means: itself, or the one in an environment's folder.

    The path is made absolute but no link followed: a virtual environment's interpreter is a link out of it.

    Raises:
        UsageProblem: there is none.
    """
    path = named.expanduser().absolute()
    if not os.path.isdir(path):  # noqa: PTH112  (pathlib's raises where a folder above can't be read)
        _require_reachable(path)
        return str(path)
    names = interpreter_names()
    for name in names:
        if os.path.lexists(path / name):
            _require_reachable(path / name)
            return str(path / name)
    raise UsageProblem(f"the folder {named} is not a Python environment: it has no {' or '.join(names)}.")


def _require_reachable(path: Path) -> None:
    """Refuse a path where nothing is: the interpreter of an environment, say, that lost the Python it was made with."""
    try:
        path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            words = f"{path} links to a Python that is gone ({path.readlink()}); make the environment again"
        else:
            words = f"there is no Python at {path}; give the path of an interpreter or of an environment"
        raise UsageProblem(f"{words}.") from None
    except OSError as error:
        raise UsageProblem(f"{path} can't be reached: {error.strerror}.") from None
    if _has_lost_its_settings(path):
        home = path.parent.parent
        words = (
            f"{home} has no pyvenv.cfg: its Python starts as {path.resolve()} and does not see the packages in {home}"
        )
        raise UsageProblem(f"{words}; make the environment again.")


def _has_lost_its_settings(path: Path) -> bool:
    """Whether an interpreter is a link out of what was a virtual environment, without the file that makes it that.

    Conda's environments have no such file, nor have those of virtualenv before 20, whose interpreter is a copy.
    """
    home = path.parent.parent
    try:
        is_link_out = path.is_symlink() and home.resolve() not in path.resolve().parents
        made_as_one = (path.parent / "activate").is_file() and any(home.glob("lib/python*/site-packages"))
        return is_link_out and made_as_one and not any((home / name).exists() for name in ("pyvenv.cfg", "conda-meta"))
    except OSError:
        return False


def parse_answer(program: str, result: CommandResult) -> dict[str, Any]:
    """The description that an interpreter printed.

    Raises:
        UsageProblem: there is none, or it is of a Python that is too old.
    """
    oldest = ".".join(map(str, OLDEST))
    if result.ended or not result.ok:
        words = "" if result.ended or result.error else f": {result.last_line.rstrip('.')}"
        raise UsageProblem(
            f"{program} could not be asked about its environment: it {result.describe_failure()}{words}. "
            f"Give a Python {oldest} or newer."
        )
    try:
        answer = json.loads(result.stdout)
        version = tuple(int(part) for part in answer["version"].split(".")[:2])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageProblem(
            f"{program} is not a Python {oldest} or newer: asked to describe itself, it printed '{result.last_line}'."
        ) from None
    if version < OLDEST:
        raise UsageProblem(f"{program} is Python {answer['version']}; the oldest that can be examined is {oldest}.")
    return dict(answer)


def machine_of(platform: str, multiarch: str, running: str, bits: int) -> str:
    """The architecture that a Python runs as.

    `sysconfig.get_platform()` names the kernel's on Linux, which for a 32-bit Python is not its own (`packaging.tags`
    corrects it the same way); the multiarch triplet, where the build has one, is exact. On macOS it may say universal2.

    Args:
        platform: `sysconfig.get_platform()`: linux-x86_64, macosx-11.0-arm64, win-amd64, win32.
        multiarch: `x86_64-linux-gnu`, or empty.
        running: `platform.machine()`, which on macOS is what this process runs as.
        bits: of a pointer.
    """
    name = platform.rpartition("-")[2].lower()
    if "-linux" in multiarch:
        name = multiarch.partition("-")[0]
    elif platform.startswith("macosx"):
        name = running
    name = {"amd64": "x86_64", "win32": "x86", "arm": "armv7l", "i386": "i686"}.get(name, name)
    narrow = {"x86_64": "i686", "aarch64": "armv7l", "armv8l": "armv7l"}
    return narrow.get(name, name) if bits == 32 else name  # noqa: PLR2004  (the number of bits)
