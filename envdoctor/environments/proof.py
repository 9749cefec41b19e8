"""Importing modules in a child process: the proof that an environment works, as far as an import can prove that."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping  # noqa: TC003  (msgspec reads it)
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.executors.programs import trusted_path
from envdoctor.net.cache import DiskCache
from envdoctor.support.hashing import hash_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.environments.cache import Cache
    from envdoctor.executors import Executor

#: Seconds for all imports together; TensorFlow takes 6 s, and a minute where nothing of it is in memory yet.
LIMIT = 300.0

_ISOLATED: dict[str, str | None] = {
    "PYTHONPATH": None,
    "PYTHONHOME": None,
    "PYTHONSTARTUP": None,
    "PYTHONPLATLIBDIR": None,
    "PYTHONDONTWRITEBYTECODE": None,  # compiled modules are kept: TensorFlow imports 1.5 s faster
    "PYTHONNOUSERSITE": "1",
}

#: Where programs make temporary files.
TEMPORARY = ("TMPDIR", "TEMP", "TMP")
#: Where programs keep settings and caches of their own (Keras makes ~/.keras when it is imported).
_OWN_FOLDERS = ("KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")

#: Bytes of remembered imports.
_MOST_KEPT = 4 << 20
# The current folder is taken off the path: a stage does not import from there either.
_SCRIPT = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import importlib, json
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({"path": sys.path}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamps:
    """The folders that modules were looked for in, in this order, each with its time and number; None: not there."""

    folders: Mapping[str, list[int] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of the imports.

    Attributes:
        failure: what went wrong, with the last line of the traceback or the signal; empty if all went well.
        path: the folders that modules were looked for in.
    """

    failure: str = ""
    path: tuple[str, ...] = ()


def isolated() -> dict[str, str | None]:
    """What a command in an environment of envdoctor's own gets, so that nothing of the user's leaks in.

    Python's own `platform` starts `uname` from the path.
    """
    return {**_ISOLATED, "PATH": trusted_path()}


def private_folders(folder: str) -> dict[str, str | None]:
    """Variables by which what a process leaves behind goes to a folder, in place of the user's home."""
    return dict.fromkeys((*TEMPORARY, *_OWN_FOLDERS), folder)


def prove(
    python: Path,
    modules: Sequence[str],
    executor: Executor,
    env: Mapping[str, str | None],
    scratch: Path | None = None,
) -> Proof:
    """Import modules, in this order, in one new process of an interpreter.

    Args:
        python: the interpreter.
        modules: their names.
        executor: runs it.
        env: variables that are set, or taken away.
        scratch: the folder for what they leave behind while they run; None for that of the system.
    """
    with tempfile.TemporaryDirectory(prefix="envdoctor-", dir=scratch) as folder:
        command = Command(
            argv=(str(python), "-c", _SCRIPT, *modules), env={**env, **private_folders(folder)}, timeout=LIMIT
        )
        result = executor.run(command)
    if not result.ok:
        how = result.describe_failure()
        said = "" if result.signal or result.ended or result.error else result.last_line
        return Proof(failure=f"importing {', '.join(modules)} {how}" + (f": {said}" if said else ""))
    try:
        return Proof(path=tuple(json.loads(result.stdout.splitlines()[-1])["path"]))
    except (ValueError, IndexError, TypeError, KeyError):
        return Proof(failure=f"importing {', '.join(modules)} ended the process early, with status 0")


def prove_once(
    python: Path, modules: Sequence[str], executor: Executor, cache: Cache, versions: Mapping[str, str]
) -> Proof:
    """Like `prove`, for a user's own environment; a success is remembered until that environment changes.

    It counts as changed when a distribution, the interpreter or the content of a folder on its path does: installers
    add and remove entries there. What can't be remembered is proven again.
    """
    kept = DiskCache(cache.proofs, _MOST_KEPT)
    key = hash_value([str(python), list(modules), _stamp(python), dict(versions)])
    stamps = kept.get_value(key, _Stamps) or _Stamps()
    if stamps.folders and all(_stamp(Path(folder)) == stamp for folder, stamp in stamps.folders.items()):
        return Proof(path=tuple(stamps.folders))
    proof = prove(python, modules, executor, {})
    if not proof.failure:
        kept.put_value(key, _Stamps(folders={folder: _stamp(Path(folder)) for folder in proof.path}))
    return proof


def _stamp(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ino]
