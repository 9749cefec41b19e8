"""Whether a bundle that was packed is one that MediaPipe reads: by its directory, and in the Tasks API if asked."""

from __future__ import annotations

import dataclasses
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem, Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_worker
from envdoctor.tflite.bundles import data_starts, read_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Finding

_ALIGNMENT = 4
#: The environment that has the Tasks API.
ENVIRONMENT = "mediapipe"


def bundle_gate(context: StageContext, output: StageOutput) -> StageOutput:
    """Read a bundle back as MediaPipe would, and open it in the Tasks API where that was asked for.

    Raises:
        StageFailed: it is not what it should be.
    """
    wrong = next(_faults(context.source.path, output.path), None)
    if wrong is not None:
        raise StageFailed(finding("bundle-broken", output.path.name, words=wrong))
    found = tuple(_opened(context, output))
    refused = next((one for one in found if one.severity is Severity.ERROR), None)
    if refused is not None:
        raise StageFailed(refused)
    return dataclasses.replace(output, findings=(*output.findings, *found))


def _faults(before: Path, after: Path) -> Iterator[str]:
    try:
        first, second = read_bundle(before), read_bundle(after)
        starts = data_starts(after)
    except Unreadable as error:
        yield str(error)
        return
    if [one.name for one in first.members] != [one.name for one in second.members]:
        yield "it has not the members of the bundle that was given, in their order"
    for old, new in zip(first.members, second.members, strict=True):
        if new.info.compress_type != zipfile.ZIP_STORED or starts[new.name] % _ALIGNMENT:
            yield f"{new.name} is not stored at a multiple of {_ALIGNMENT}"
        if old.is_bundle:
            yield from _inner_faults(old.data, new.data)
        elif not old.is_model and old.data != new.data:
            yield f"{new.name} has changed"


def _inner_faults(before: bytes, after: bytes) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
        paths = Path(folder) / "before.task", Path(folder) / "after.task"
        for path, data in zip(paths, (before, after), strict=True):
            path.write_bytes(data)
        yield from _faults(*paths)


def _opened(context: StageContext, output: StageOutput) -> Iterator[Finding]:
    """What MediaPipe's Tasks API says of the bundle, if it was asked.

    Raises:
        StageFailed: MediaPipe crashed.
    """
    name = output.path.name
    if not context.request.options.tasks_api:
        yield finding("bundle-not-opened", name, words="that was not asked for")
        return
    try:
        python = context.interpreter(ENVIRONMENT)
    except (EnvironmentProblem, NetworkProblem) as error:
        yield finding("bundle-not-opened", name, words=str(error).rstrip("."))
        return
    request = {"before": context.source.path.resolve(), "after": output.path.resolve()}
    yield from judge_opening(run_worker(context, "tasks_open", request, python), name)


def judge_opening(values: Mapping[str, Any], name: str) -> Iterator[Finding]:
    """What is wrong, given what the worker `tasks_open` says. Pure."""
    if not values["task"]:
        yield finding("bundle-not-opened", name, words="the names of its members tell no task that envdoctor knows")
        return
    before, after = values["before"], values["after"]
    words = after["refused"] or f"it finds {after['found']} and not {before['found']} in a made-up picture"
    if before["refused"]:
        yield finding("bundle-was-refused", name, words=f"{values['task']}: {before['refused'].rstrip('.')}")
    elif after["refused"] or after["found"] != before["found"]:
        evidence = (Evidence(source=values["task"], excerpt=words),)
        yield finding("bundle-refused", name, evidence, words=words.rstrip("."))
    else:
        yield finding("bundle-opened", name, words=values["task"])
