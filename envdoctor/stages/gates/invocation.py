"""Whether a .tflite file runs at all: once, on zeros, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.action import StageFailed
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.core.finding import Evidence
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.action import StageContext
    from envdoctor.core.finding import Finding

ENVIRONMENT = "litert"
_HERE = "local"
#: What kernels say of a custom operator: one that the default delegate takes is no fault of a build.
_NO_KERNEL = "Encountered unresolved custom op"
_CRASHED = frozenset({"stage-crashed", "stage-out-of-time"})


def run_once(context: StageContext, path: Path) -> Iterator[Finding]:
    """Run a file with the interpreter's own kernels, and with its default delegates.

    A crash is a finding, too. Without LiteRT nothing is said here: the comparison says that nothing is known.
    """
    try:
        python = context.interpreter(ENVIRONMENT)
    except (EnvironmentProblem, NetworkProblem):
        return
    try:
        answers = _ask(context, path, python, delegates=[False, True])
    except StageFailed as error:
        if error.finding.name not in _CRASHED:
            raise
        answers = {"delegated": error.finding.message, **_alone(context, path, python)}
    yield from judge_run(answers, path.name)


def run_given(context: StageContext) -> Iterator[Finding]:
    """Run a file that was given to be compiled as it is: what a stage of the build made, its own gate ran.

    Only what no kernel takes is told: delegates and custom operators are the target's. A place that emulates another
    machine has no LiteRT.
    """
    given = context.request.source
    if given is None or given.path.resolve() != context.source.path.resolve() or context.place != _HERE:
        return
    try:
        answers = _alone(context, given.path, context.interpreter(ENVIRONMENT))
    except (EnvironmentProblem, NetworkProblem):
        return
    if _NO_KERNEL not in answers.get("plain", ""):
        yield from judge_run(answers, given.path.name)


def _alone(context: StageContext, path: Path, python: Path) -> Mapping[str, str]:
    try:
        return _ask(context, path, python, delegates=[False])
    except StageFailed as error:
        return {"plain": error.finding.message}


def _ask(context: StageContext, path: Path, python: Path, *, delegates: list[bool]) -> Mapping[str, str]:
    request = {"model": path.resolve(), "delegates": delegates}
    answers: Any = run_worker(context, "litert_invoke", request, python)
    return dict(answers)


def judge_run(answers: Mapping[str, str], subject: str) -> Iterator[Finding]:
    """What is wrong, given what the worker `litert_invoke` says. Pure."""
    if _NO_KERNEL in answers.get("plain", "") and answers.get("delegated") == "":
        words = _sentence(answers["plain"])
        yield finding("default-delegate-needed", subject, _said(answers["plain"]), words=words)
    elif answers.get("plain"):
        only = "; its default delegate takes it" if answers.get("delegated") == "" else ""
        words = f"{_sentence(answers['plain'])}{only}"
        yield finding("interpreter-refused", subject, _said(answers["plain"]), words=words)
    elif answers.get("delegated"):
        words = _sentence(answers["delegated"])
        yield finding("default-delegate-refuses", subject, _said(answers["delegated"]), words=words)


def _said(words: str) -> tuple[Evidence, ...]:
    return (Evidence(source="the LiteRT interpreter", excerpt=words),)


def _sentence(words: str) -> str:
    return words.strip().rstrip(".")
