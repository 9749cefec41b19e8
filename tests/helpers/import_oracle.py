"""What CPython says of tiny packages: each is imported for real, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.target import Interpreter
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.verdict import judge_import
from envdoctor.imports.wheel_site import Anything, WheelSite
from envdoctor.wheels.module_index import ModuleIndex
from wheel_files import LINUX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from envdoctor.core.target import Target

HERE = replace(LINUX, interpreter=Interpreter(version=sys.version_info[:2]))

#: Forks for every package that it is told of, and says what its import raised. What packages share is imported before.
_ORACLE = """
import importlib, json, os, sys, signal
import abc, asyncio, collections, contextlib, ctypes.util, dataclasses, enum, functools
import importlib.metadata, importlib.util, pkgutil, platform, random, threading, types, typing, warnings
def attempt(folder):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            signal.setitimer(signal.ITIMER_REAL, 2)
            sys.path.insert(0, folder)
            try:
                importlib.import_module("pkg")
                said = "fine"
            except BaseException as error:
                said = type(error).__name__
            os.write(write, said.encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as stream:
        said = stream.read().decode()
    os.waitpid(child, 0)
    return said
print(json.dumps([attempt(folder) for folder in json.load(sys.stdin)]))
"""


def imported(packages: Sequence[Mapping[str, str]], root: Path) -> list[str | None]:
    """What importing each of some packages `pkg` raises: "" for nothing, None where it does not end."""
    folders = []
    for number, files in enumerate(packages):
        folders.append(str(root / str(number)))
        for name, text in files.items():
            path = root / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["TMPDIR"] = str(root)  # for what a text leaves behind
    done = subprocess.run(
        [sys.executable, "-B", "-c", _ORACLE],
        input=json.dumps(folders),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return [None if not each else "" if each == "fine" else each for each in said]


class NothingBeside(Anything):
    """Site-packages without anything else, beside a Python that nobody changes."""

    def find(self, _module: str) -> Found:
        """See `Beside`."""
        return Found(presence=Presence.ABSENT)

    def gives(self, _module: str, _name: str) -> bool:
        """See `Beside`."""
        return False

    def brings_file(self, _path: str) -> bool:
        """See `Beside`."""
        return False


def judged(files: Mapping[str, str], module: str = "pkg", target: Target | None = None):
    """Our verdict on importing a package of these files, and nothing beside it."""
    return judge_import(module, WheelSite(ModuleIndex(files), files.__getitem__, target or HERE, NothingBeside()))


def raised_by(text: str, **files: str):
    """The exception in which we say that a package with this text ends; "" for none, "?" where we don't know which."""
    failures = judged({"pkg/__init__.py": text, **{f"pkg/{name}.py": more for name, more in files.items()}}).failures
    return (failures[0].raises or "?") if failures else ""


def cpython_says(texts: Sequence[str], root: Path) -> list[str | None]:
    """What importing packages with these texts raises."""
    return imported([{"pkg/__init__.py": text} for text in texts], root)
