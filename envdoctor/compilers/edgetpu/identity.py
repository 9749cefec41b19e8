"""Which compiler would run in a place, told by its content: another version behind the same path is another compiler.

Only a bundle is known as a whole: the program with its own loader and all its libraries in one folder. A script may
start anything, and a program without a bundle loads libraries of the system; what they write is never reused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu import places
from envdoctor.compilers.edgetpu.locate import NAME, find_compiler
from envdoctor.compilers.edgetpu.running import container_engine, container_image, find_emulator
from envdoctor.core.command import Command
from envdoctor.core.errors import EnvDoctorError
from envdoctor.emulation.binfmt import x86_64_head
from envdoctor.emulation.system import collect_binfmt
from envdoctor.executors.ssh import SshExecutor
from envdoctor.support.hashing import hash_path, hash_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

_SECONDS = 30.0
_ABSENT = "envdoctor-found-none"
_HASH = re.compile(r"^[0-9a-f]{64} .*$", re.MULTILINE)
#: Asks a far machine for the hashes of its own compiler's bundle, as sha256sum(1) prints them.
_FAR_QUESTION = (
    f"exec sh -c 'own=$(command -v {NAME}) || {{ echo {_ABSENT}; exit 0; }}; "
    'own=$(readlink -f "$own") && cd "$(dirname "$own")" && '
    f'sha256sum "$own" && find {NAME}_bin -type f -exec sha256sum {{}} +\''
)


def identify(request: Request, place: str, executor: Executor) -> Mapping[str, str] | None:
    """What tells the compiler of a place, and what it runs on, from any other; see `Action.tool`.

    Args:
        request: its options name a compiler, or a machine.
        place: one of `places`.
        executor: asks; local.

    Returns:
        SHA-256 values and names; None if there is no compiler, or its content can't be told.
    """
    if place == places.NOTEBOOK:
        return {}  # a person runs it; the file that comes back is among the options
    try:
        if place == places.SSH:
            return _far(request, executor)
        compiler = _here(request)
        around = _around(place, executor)
    except (EnvDoctorError, OSError):
        return None  # the stage itself says what is missing
    return None if compiler is None or around is None else compiler | around


def _here(request: Request) -> dict[str, str] | None:
    compiler = find_compiler(request.options.compiler)
    if compiler is None or compiler.library_path is None:
        return None
    return {"bundle": hash_path(compiler.library_path)}


def _around(place: str, executor: Executor) -> dict[str, str] | None:
    """The emulator or the image that a place runs the compiler in; None if that can't be told."""
    if place == places.QEMU:
        return {"emulator": hash_path(find_emulator())}
    if place == places.BINFMT:
        handler = collect_binfmt().handler(x86_64_head())
        return None if handler is None else {"emulator": hash_path(Path(handler.interpreter))}
    if place == places.DOCKER:
        argv = (container_engine(), "image", "inspect", "--format", "{{.Id}}", container_image())
        result = executor.run(Command(argv=argv, timeout=_SECONDS))
        known = result.stdout.strip()
        return {"image": known} if result.ok and known else None
    return {}


def _far(request: Request, executor: Executor) -> dict[str, str] | None:
    """The far machine's own compiler, or ours, which would travel there."""
    answer = SshExecutor(host=request.options.ssh_host or "", inner=executor).ask(_FAR_QUESTION, _SECONDS)
    if answer.ok and _ABSENT in answer.stdout.split():
        return _here(request)
    hashes = sorted(_HASH.findall(answer.stdout))
    return {"far": hash_value(hashes)} if answer.ok and hashes else None
