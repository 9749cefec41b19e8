"""The interpreter that is examined: its version, ABI and platform, and the folders that its packages are found in."""

from __future__ import annotations

import os
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.command import Command
from envdoctor.core.errors import UsageProblem
from envdoctor.facts.python.search_path import SearchFolder, search_path
from envdoctor.support.virtual_environments import interpreter_names

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

#: The oldest Python whose environment can be examined: `describe.py` runs on it.
OLDEST = (3, 8)
#: Seconds that an interpreter gets to describe itself; it needs about 0.02.
TIME_LIMIT = 20.0

_MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1.0",
    "platform_system": "Linux",
    "platform_version": "#1 SMP",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """One Python interpreter.

    Attributes:
        executable: its path.
        version: in full, `3.11.7` or `3.14.0rc2`.
        implementation: `cpython`, `pypy`, ...
        machine: the architecture it was built for, spelled as `Host.machine` is.
        bits: of its pointers, 32 or 64.
        extension_suffixes: ends of the names of extension modules that it imports, in its order.
        prefix, base_prefix: of the environment and of the installation that it is based on.
        virtual: True in a virtual environment.
        conda: True in a conda environment.
        externally_managed: the path of the marker file of PEP 668, or empty.
        search_path: the folders that its packages are found in, in the order of `sys.path`.
        markers: the environment that requirement markers are evaluated in.
    """

    executable: str = "/usr/bin/python3"
    version: str = "3.11.7"
    implementation: str = "cpython"
    machine: str = "x86_64"
    bits: int = 64
    debug: bool = False
    free_threaded: bool = False
    extension_suffixes: tuple[str, ...] = (".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so")
    prefix: str = "/usr"
    base_prefix: str = "/usr"
    virtual: bool = False
    conda: bool = False
    externally_managed: str = ""
    search_path: tuple[SearchFolder, ...] = ()
    markers: Mapping[str, str] = field(default_factory=lambda: dict(_MARKERS))

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor version: (3, 11)."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def described(self) -> str:
        """What it is, in a few words, for evidence: `CPython 3.11.7 for x86_64`."""
        name = self.markers.get("platform_python_implementation", self.implementation)
        return f"{name} {self.version} for {self.machine}"


def collect(request: Request, executor: Executor) -> Python:
    """Describe the interpreter that the request names, by running it once; without one, this interpreter.

    Raises:
        UsageProblem: what the request names is not there, is not a Python, is too old, or does not answer.
    """
    if request.python is None:
        from envdoctor.facts.python.describe import describe

        return from_description(describe())
    program = _find_program(request.python)
    script = Path(__file__).with_name("describe.py").read_bytes()
    result = executor.run(Command(argv=(program, "-I", "-S", "-"), stdin=script, timeout=TIME_LIMIT))
    return from_description(parse_answer(program, result))


def _find_program(named: Path) -> str:
    """The interpreter that a path means: itself, or the one in an environment's folder.

    The path is made absolute but no link followed: a virtual environment's interpreter is a link out of it.
    """
    path = named.expanduser().absolute()
    if not os.path.isdir(path):  # pathlib's raises where a folder above can't be read
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


def parse_answer(program: str, result: CommandResult) -> dict[str, Any]:
    """The description that an interpreter printed.

    Raises:
        UsageProblem: there is none, or it is of a Python that is too old.
    """
    import json

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


def from_description(answer: Mapping[str, Any]) -> Python:
    """Make the fact of what `describe()` returned; reads the .pth files of the folders it names."""
    same = ("executable", "version", "implementation", "bits", "debug", "free_threaded", "prefix", "base_prefix")
    return Python(
        **{name: answer[name] for name in (*same, "virtual", "conda", "externally_managed", "markers")},
        machine=machine_of(
            answer["platform"], answer["multiarch"], answer["markers"]["platform_machine"], answer["bits"]
        ),
        extension_suffixes=tuple(answer["extension_suffixes"]),
        search_path=search_path(answer["site_folders"]),
    )


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
