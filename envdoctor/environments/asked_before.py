"""Keeps what an interpreter said of itself, for as long as it and its surroundings are the same."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.binaries.magic import is_native
from envdoctor.core.frozen import frozen
from envdoctor.environments.asking import DESCRIBE, ask_python
from envdoctor.environments.cache import open_cache
from envdoctor.environments.fingerprint import Fingerprint, is_unchanged, steady_variables, take_fingerprint
from envdoctor.net.cache import DiskCache
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

_LIMIT = 4 << 20


@frozen
class KeptAnswer:
    """What it said, as JSON, and what the files were that this rests on."""

    answer: str
    files: Fingerprint


def ask_python_once(program: str, executor: Executor, request: Request) -> dict[str, Any]:
    """What `ask_python` gives, without starting an interpreter of which nothing has changed.

    Only of programs is that known: a script, such as pyenv's, starts another Python as it likes.

    Raises:
        UsageProblem: see `ask_python`.
    """
    if not _is_program(program):
        return ask_python(program, executor)
    cache = DiskCache(open_cache(request).root / "pythons", _LIMIT)
    told = [program, DESCRIBE.read_text(encoding="utf-8"), _system(), steady_variables()]
    key = hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()
    known = cache.get_value(key, KeptAnswer)
    if known is not None and is_unchanged(known.files):
        return dict(json.loads(known.answer))
    began = time.time_ns()
    answer = ask_python(program, executor)
    files = take_fingerprint((), _rests_on(program, answer), began)
    if files is not None:
        cache.put_value(key, KeptAnswer(answer=json.dumps(answer), files=files))
    return answer


def _is_program(path: str) -> bool:
    try:
        return is_native(read_head(path, 8))
    except OSError:
        return False


def _system() -> list[str]:
    """The system's kernel, which an interpreter tells too."""
    return list(os.uname()) if hasattr(os, "uname") else [os.environ.get("OS", "")]


def _rests_on(program: str, answer: Mapping[str, Any]) -> list[str]:
    """The interpreter, those that it was made with, their settings and standard libraries, and the loader's list."""
    names = ("os.py", "sysconfig.py", "site.py", "EXTERNALLY-MANAGED", "lib-dynload")
    programs = [program, str(answer["executable"]), str(answer["base_executable"])]
    programs += [os.path.realpath(path) for path in programs]
    beside = [folder / "pyvenv.cfg" for path in programs for folder in list(Path(path).parents)[:2]]
    minor = ".".join(str(answer["version"]).split(".")[:2])
    for prefix in (Path(answer["prefix"]), Path(answer["base_prefix"])):
        beside.append(prefix / "conda-meta")
        for library in (prefix / "lib" / f"python{minor}", prefix / "Lib"):
            beside += [library / name for name in names]
    return [*programs, *map(str, beside), "/etc/ld.so.cache"]
