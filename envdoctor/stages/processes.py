"""Start a stage's processes: a worker in the stage's own environment, or a compiler, and tell what came of it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageFailed
from envdoctor.core.command import Command, CommandResult
from envdoctor.core.finding import Evidence
from envdoctor.environments.proof import private_folders
from envdoctor.executors.local import OUTPUT_LIMIT
from envdoctor.stages.problems import explain_failure, finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.action import StageContext

#: The folder, inside a stage's, of what its workers were asked.
REQUESTS = "requests"
WORKERS = Path(__file__).resolve().parent / "workers"
#: How a full disk shows, and how many free bytes make one.
_FULL_DISK = frozenset({"stage-failed", "disk-full"})
_LITTLE_ROOM = 1 << 20
#: Bytes of a log above which its middle is left out once its command has ended, and how much of its beginning stays.
_LARGEST_LOG, _BEGINNING = 2 * OUTPUT_LIMIT, 1 << 20
#: What the workers' tasks are, for a person.
_TITLES = {
    "tf_convert": "the TensorFlow conversion",
    "composites_to_custom": "writing CUSTOM operators",
    "torch_convert": "the conversion from PyTorch",
    "torch_onnx": "the export to ONNX",
    "onnx_direct": "the conversion with onnx2tf",
    "litert_quantize": "the LiteRT quantizer",
    "litert_compare": "the comparison in LiteRT",
    "mend": "the mending of the .tflite file",
    "litert_invoke": "the LiteRT interpreter",
    "tasks_open": "MediaPipe's Tasks API",
}
#: What TensorFlow and Keras read from the environment; a user's own settings must not change what a stage makes.
_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its kernels round otherwise from machine to machine
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "TF_USE_LEGACY_KERAS": None,
}


def run_worker(
    context: StageContext, task: str | Path, request: Mapping[str, object], python: Path | None = None
) -> Any:  # noqa: ANN401  (what JSON gives)
    """Run a task in the stage's own environment.

    Args:
        context: the stage's.
        task: the name of a module of stages/workers, or the module of a compiler's own in a package beside others.
        request: what it takes beyond `task`, `result` and `work`; paths are made text.
        python: another interpreter than the stage's.

    Returns:
        The values that the task reports.

    Raises:
        StageFailed: it failed; the finding says why.
    """
    with tempfile.TemporaryDirectory(prefix="work-", dir=context.folder) as name:
        work = Path(name)
        target = work / "result.json"
        asked = {"result": str(target), "work": str(work), **{k: _plain(v) for k, v in request.items()}}
        asked |= {"task": task} if isinstance(task, str) else {"task": task.stem, "tasks": str(task.parent)}
        title = _title(context, task)
        file = _request_file(context.folder / REQUESTS, str(asked["task"]))
        file.write_text(json.dumps(asked), encoding="utf-8")
        command = Command(
            argv=(
                *(str(python or context.python), "-I", "-X", "utf8", "-X", "faulthandler"),
                *(str(WORKERS / "__main__.py"), str(file)),
            ),
            cwd=work,
            env=_QUIET | private_folders(name),
        )
        result, printed = run_logged(context, command)
        answer = _read(target)
        if result.ok and "values" in answer:
            return answer["values"]
        problem = answer.get("problem")
        if problem is not None:
            evidence = (Evidence(source=str(context.log), excerpt=problem["message"]),)
            raise StageFailed(finding(problem["name"], title, evidence, words=problem["message"]))
        raise failed(context, result, printed, title)


def _title(context: StageContext, task: str | Path) -> str:
    """What a task is, for a person; one of a compiler's own is called after it."""
    if isinstance(task, str):
        return _TITLES.get(task, task)
    compiler = context.request.compiler
    return task.stem if compiler is None else compiler.title


def _request_file(folder: Path, task: str) -> Path:
    """The file for the next request of a stage."""
    folder.mkdir(exist_ok=True)
    return folder / f"{len(list(folder.iterdir())) + 1}-{task}.json"


def run_logged(context: StageContext, command: Command) -> tuple[CommandResult, str]:
    """Run a command; returns the result, and what this command alone printed, as much of it as a result keeps."""
    before = context.log.stat().st_size if context.log.exists() else 0
    result = context.run(command)
    if not context.log.exists():
        return result, result.stdout + result.stderr
    with context.log.open("r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(before, size - OUTPUT_LIMIT))
        printed = stream.read()
        if size > _LARGEST_LOG:
            stream.seek(_BEGINNING)
            stream.write(f"\n... {size - _BEGINNING - len(printed):,} bytes left out ...\n".encode() + printed)
            stream.truncate()
    return result, printed.decode("utf-8", "replace").replace("\r\n", "\n")


def failed(context: StageContext, result: CommandResult, printed: str, title: str) -> StageFailed:
    """The failure of a process, explained.

    Raises:
        OSError: the disk is full, which keeps a process even from saying so.
    """
    traits = context.source.traits | (context.request.source.traits if context.request.source else frozenset())
    found = explain_failure(result, printed, title=title, log=str(context.log), traits=traits)
    if found.name in _FULL_DISK and shutil.disk_usage(context.folder).free < _LITTLE_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(context.out or context.folder))
    return StageFailed(found)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _read(target: Path) -> dict[str, Any]:
    """What the worker reported; nothing if it did not come to that."""
    try:
        answer = json.loads(target.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
