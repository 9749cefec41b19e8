"""What a stage's result depends on, as one key: by it a finished stage is found again.

What is left out of the key is a result that is reused though it would be another one today. So everything that acts on
a result is in it by content, not by name: the source, the samples, the files that options name, the environment, the
compiler, and the code of envdoctor itself. What can't be told is never taken for the same.
"""

from __future__ import annotations

import dataclasses
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.support.hashing import hash_code, hash_path, hash_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.action import Action
    from envdoctor.core.request import BuildOptions, Request
    from envdoctor.core.route import StagePlan
    from envdoctor.executors import Executor
    from envdoctor.pipeline.stage import Interpreter, StageInput

#: What decides what a stage makes and how it is judged, workers included.
_CODE = ("pipeline", "stages", "compilers", "tflite", "toolchains", "emulation", "executors", "data")
#: Options that only limit a stage; one that succeeded kept to them.
_LIMITS = ("stage_timeout", "stage_memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageKey:
    """The key of a stage.

    Attributes:
        text: names the folder of its result.
        complete: False if something it depends on can't be told, so that no earlier build's result may be reused.
    """

    text: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaker:
    """Makes the keys of one build; the executor asks the programs that stages will run."""

    request: Request
    executor: Executor

    def make(self, plan: StagePlan, action: Action, given: StageInput, environment: Interpreter | None) -> StageKey:
        """The key of a stage in its place.

        Raises:
            OSError: the samples or another file that the request names can't be read.
        """
        tool = {} if action.tool is None else action.tool(self.request, plan.place, self.executor)
        parts = {
            "action": [action.name, action.version, plan.place],
            "code": [hash_code(*_CODE), _code_of(action)],
            "machine": [sys.platform, platform.machine()],
            "source": given.artifact.sha256,
            "names": [_name(self.request), given.artifact.path.name],
            "reference": None if given.reference is None else hash_path(given.reference),
            "goal": _goal(self.request),
            "options": _options(self.request.options, action.options),
            "environment": None if environment is None else dict(sorted(environment.distributions.items())),
            "contents": None if environment is None else environment.identity,
            "tool": None if tool is None else dict(tool),
        }
        unknown = tool is None or (environment is not None and environment.identity is None)
        return StageKey(text=hash_value(parts), complete=not unknown)


def _code_of(action: Action) -> str | None:
    """A hash over the module of an action, which may be a plug-in's, and the package it is in; None without a file."""
    module = sys.modules.get(getattr(action.run, "__module__", ""))
    file = getattr(module, "__file__", None)
    if module is None or file is None or not Path(file).is_file():
        return None
    files = [Path(file)]
    if module.__package__:
        files += sorted(path for path in Path(file).parent.rglob("*") if path.suffix in {".py", ".toml"})
    return hash_value([[path.name, hash_path(path)] for path in files])


def _name(request: Request) -> str | None:
    """What files are called after, and findings speak of."""
    return None if request.source is None else request.source.path.resolve().name


def _goal(request: Request) -> list[object] | None:
    goal = request.goal
    return None if goal is None else [goal.kind, goal.compiler, goal.accelerator, goal.per_tensor_dense]


def _options(options: BuildOptions, names: frozenset[str] | None) -> Mapping[str, object]:
    """The options that an action looks at, with the content of the files among them."""
    chosen = {
        name: value
        for name, value in dataclasses.asdict(options).items()
        if (names is None or name in names) and name not in _LIMITS
    }
    return {name: _content(value) for name, value in chosen.items()}


def _content(value: object) -> object:
    """A value with each file that it names, alone or as `--option=FILE`, as its SHA-256."""
    if isinstance(value, Path):
        return hash_path(value)
    if isinstance(value, (tuple, list)):
        return [[word, _content_of_word(word)] for word in value]
    return value


def _content_of_word(word: object) -> str | None:
    """The SHA-256 of the file behind an absolute path; a compiler's arguments are given as absolute paths or none."""
    path = Path(str(word).partition("=")[2] if str(word).startswith("-") else str(word))
    return hash_path(path) if path.is_absolute() and path.is_file() else None
