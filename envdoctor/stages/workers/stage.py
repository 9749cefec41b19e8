"""How a task is told what to do and tells what came of it: a JSON file each way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Task = Callable[[Mapping[str, Any]], Mapping[str, object]]


class Problem(Exception):
    """A known reason why a task can't be done; anything else is left to end in a traceback.

    Args:
        name: the kebab-case name of the problem, a key of envdoctor's data/stage-problems.toml.
        message: what is wrong and what to do, in one sentence.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def run_task(request_file: Path, find_task: Callable[[str], Task]) -> int:
    """Carry out the request in a file.

    The request names the task (`task`) and where the result goes (`result`); the rest is the task's own. The result is
    `{"values": ...}`, or `{"problem": {"name", "message"}}`.

    Returns:
        The exit status: 0, or 1 if there was a known problem.
    """
    request = json.loads(request_file.read_text(encoding="utf-8"))
    Path(request["result"]).parent.mkdir(exist_ok=True)  # gone when a person runs the recorded command again
    try:
        result: dict[str, object] = {"values": find_task(request["task"])(request)}
    except Problem as problem:
        result = {"problem": {"name": problem.name, "message": problem.message}}
        print(f"{problem.name}: {problem.message}")
    _write(Path(request["result"]), result)
    return 1 if "problem" in result else 0


def _write(target: Path, result: Mapping[str, object]) -> None:
    """Write the whole result or nothing: a reader never sees half of one."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(json.dumps(result), encoding="utf-8")
    temporary.replace(target)
