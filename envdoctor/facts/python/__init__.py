"""The interpreter that is examined: its version, ABI and platform, and the folders that its packages are found in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import UsageProblem
from envdoctor.core.frozen import frozen
from envdoctor.environments.active import brings_its_python, choose_environment
from envdoctor.environments.asked_before import ask_python_once
from envdoctor.environments.asking import find_program, machine_of
from envdoctor.facts.python.search_path import SearchFolder, search_path

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

_BRINGS_IT = (
    "{folder} brings a Python that lies in this folder, too, and that nobody has named: it is not run unasked."
    " If you trust what is here, add --python {folder}; else name another."
)
_OTHER_WAYS = "deactivate or remove it, or name another with --python."

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


@frozen
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
        left_out: modules of Python's own that it can't import, such as `_ctypes`, each with the words for it.
        search_path: the folders that its packages are found in, in the order of `sys.path`.
        chosen: why it is examined, where nobody named it; empty where no other could be meant.
        passed_over: the environments that could have been meant too, each with the reason.
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
    left_out: Mapping[str, str] = field(default_factory=dict)
    search_path: tuple[SearchFolder, ...] = ()
    chosen: str = ""
    passed_over: tuple[str, ...] = ()
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
    """Describe the interpreter that the request names, by running it once; without one, the active environment's.

    Raises:
        UsageProblem: what the request or the active environment names is not there, is not a Python, is too old, or
            does not answer.
    """
    if request.python is not None:
        return from_description(ask_python_once(find_program(request.python), executor, request))
    choice = choose_environment(os.environ, Path())
    if choice.folder is None:
        from envdoctor.environments.describe import describe

        found = from_description(describe())
    else:
        if choice.is_found and brings_its_python(choice.folder, Path(), Path(os.path.expanduser("~"))):
            raise UsageProblem(_BRINGS_IT.format(folder=choice.folder))
        try:
            found = from_description(ask_python_once(find_program(choice.folder), executor, request))
        except UsageProblem as error:
            raise UsageProblem(f"{error} {choice.folder} is examined since {choice.reason}; {_OTHER_WAYS}") from None
    return dataclasses.replace(found, chosen=choice.reason, passed_over=choice.others)


def from_description(answer: Mapping[str, Any]) -> Python:
    """Make the fact of what `describe()` returned; reads the .pth files of the folders it names."""
    same = ("executable", "version", "implementation", "bits", "debug", "free_threaded", "prefix", "base_prefix")
    return Python(
        **{name: answer[name] for name in (*same, "virtual", "conda", "externally_managed", "markers")},
        machine=machine_of(
            answer["platform"], answer["multiarch"], answer["markers"]["platform_machine"], answer["bits"]
        ),
        extension_suffixes=tuple(answer["extension_suffixes"]),
        left_out=answer.get("left_out", {}),
        search_path=search_path(answer["site_folders"]),
    )
