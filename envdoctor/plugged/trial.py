"""Imports a module of a plug-in in a process of its own first, so that one that ends, hangs or crashes harms no other.

What has come to its end there once is not tried again while nothing on the search path has changed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path

from envdoctor import __version__
from envdoctor.core.command import Command
from envdoctor.core.request import Request
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor

#: Seconds; PyTorch takes five on a slow disk.
_LIMIT = 30.0
#: Files of a plug-in that are looked at to see a change; one with more is tried each time.
_MOST_FILES = 5000
#: What is no error of the module itself (an interrupt) would end the doctor, too, so that it is no success.
_CHILD = """
import importlib, json, os, sys
given = json.load(sys.stdin)
told = os.dup(1)
os.dup2(2, 1)
sys.path[:] = given["path"]
import envdoctor.probing
from envdoctor.support.containment import known_functions, replaced
known = known_functions()
try:
    importlib.import_module(given["module"])
except (Exception, SystemExit):
    pass
except BaseException as error:
    os.write(2, ("raises " + type(error).__name__).encode())
    os._exit(1)
if names := list(replaced(known)):
    os.write(2, ("\\nreplaces " + ", ".join(names[:8])).encode())
    os._exit(1)
os.write(told, given["word"].encode())
os._exit(0)
"""


@functools.lru_cache(maxsize=1000)
def why_not_imported(module: str) -> str:
    """What importing a module does to the process that imports it, as the end of a sentence; "" if that survives.

    An error that the import raises is survived.
    """
    if module in sys.modules or not sys.executable:
        return ""
    mark = _mark(module)
    if mark is not None and mark.is_file():
        return ""
    word = secrets.token_hex()
    given = {"path": sys.path, "module": module, "word": word}
    result = LocalExecutor().run(
        Command(argv=(sys.executable, "-c", _CHILD), stdin=json.dumps(given).encode(), timeout=_LIMIT)
    )
    if result.stdout.endswith(word):
        _remember(_mark(module))  # anew: the import may have written bytecode
        return ""
    if result.ended:
        return f"its import had not come to an end after {result.seconds:.0f} s"
    for word, why in (("raises ", "which ends a program"), ("replaces ", "which others use")):
        if result.last_line.startswith(word):
            return f"its import {result.last_line}, {why}"
    return f"its import ends the process: it {result.describe_failure()}"


def _remember(mark: Path | None) -> None:
    if mark is not None:
        with contextlib.suppress(OSError):  # it is tried again next time
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()


def _mark(module: str) -> Path | None:
    """The file that says that the import of exactly this came to its end; None for too many files to tell."""
    top = module.partition(".")[0]
    seen = [__version__, _CHILD, sys.executable, sys.version, module, *map(_stamp, map(Path, sys.path))]
    for folder in map(Path, sys.path):
        files = [folder / f"{top}.py", *(folder / top).rglob("*.py")]
        if len(seen) + len(files) > _MOST_FILES:
            return None
        seen += [f"{file} {_stamp(file)}" for file in files]
    name = hashlib.sha256("\n".join(seen).encode("utf-8", "surrogateescape")).hexdigest()
    return open_cache(Request()).root / "plug-ins" / name


def _stamp(path: Path) -> str:
    try:
        state = os.stat(path)  # noqa: PTH116  (a folder of the search path may be "")
    except OSError:
        return ""
    return f"{state.st_mtime_ns} {state.st_size}"
