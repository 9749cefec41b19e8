"""An interpreter that says it runs on another machine: for the targets that uv has no name for.

uv knows a few dozen platforms by name (``--python-platform``), and CPython with its lock only. For all others it is
given a virtual environment of this Python in which one start-up file (site's ``.pth``) lets uv's own question be
answered and then puts the target's machine into the answer. uv keeps the answer in its cache, so this costs one start
of Python a target. Nothing is ever installed into it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Libc, System
from envdoctor.support.target_names import target_name
from envdoctor.support.virtual_environments import interpreter_in

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.target import Target

_ANSWERS = "envdoctor_stand_in.json"
# uv asks with `python -c CODE`, where CODE prints one JSON object.
_HOOK = """\
import sys
def _answer():
    import contextlib, io, json, os
    code = sys.orig_argv[sys.orig_argv.index("-c") + 1]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        exec(code, {"__name__": "__main__"})
    with open(os.path.join(os.path.dirname(__file__), "envdoctor_stand_in.json"), encoding="utf-8") as stream:
        changes = json.load(stream)
    answer = json.loads(said.getvalue())
    for name, value in changes.items():
        answer[name] = {**answer[name], **value} if isinstance(value, dict) and name in answer else value
    print(json.dumps(answer), flush=True)
    os._exit(0)
if "get_interpreter_info" in " ".join(sys.orig_argv):
    _answer()
"""


def stand_in(target: Target, folder: Path) -> Path:
    """The executable that stands in for the target's Python, made below `folder` if it is not there yet.

    Raises:
        UsageProblem: uv has no notion of such a machine at all, or the folder can't be written.
    """
    from filelock import FileLock

    answers = answers_for(target)
    home = folder / f"{target_name(target)}-{target.interpreter.full_version}"
    python = interpreter_in(home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            if not (home / _ANSWERS).exists():
                _make(home, answers)
    except OSError as error:
        raise UsageProblem(
            f"{home} can't be made ({error.strerror or error}); {target_name(target)} needs it."
        ) from error
    return python


def answers_for(target: Target) -> dict[str, Any]:
    """What uv's question is answered with for this target, as far as it differs from this machine.

    Raises:
        UsageProblem: uv has no notion of such a machine.
    """
    platform, python = target.platform, target.interpreter
    if platform.arch == "universal2":
        raise UsageProblem(
            f"{target_name(target)}: uv resolves for one architecture; ask for macos-arm64 and for macos-x86_64."
        )
    version = platform.version or (0, 0)
    names = {System.MACOS: "macos", System.WINDOWS: "windows"}
    linux = "musllinux" if platform.libc is Libc.MUSL else "manylinux"
    system: dict[str, Any] = {"name": names.get(platform.system, linux)}
    if platform.system is not System.WINDOWS:
        system |= {"major": version[0], "minor": version[1]}
    return {
        "markers": target.markers,
        "os": system,
        "arch": "aarch64" if platform.arch == "arm64" else platform.arch,
        "manylinux_compatible": platform.libc is not Libc.MUSL,
        "gil_disabled": python.free_threaded,
        "pointer_size": "32" if platform.arch in {"armv7l", "i686", "x86"} else "64",
    }


def _make(home: Path, answers: dict[str, Any]) -> None:
    import venv

    builder = venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=False)
    builder.create(home)
    site = next(iter(home.glob("[Ll]ib/**/site-packages")))
    (site / _ANSWERS).write_text(json.dumps(answers), encoding="utf-8")
    (site / "envdoctor_stand_in.py").write_text(_HOOK, encoding="utf-8")
    (site / "envdoctor_stand_in.pth").write_text("import envdoctor_stand_in\n", encoding="utf-8")
    (home / _ANSWERS).touch()  # written last: what says that the rest is whole
