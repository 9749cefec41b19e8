"""What gates of compilers share whose files are no .tflite files: the file read back, its numbers, the verdict."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageFailed, StageOutput
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.file_readers import identify_by
from envdoctor.stages.gates.comparison import judge_accuracy, judge_outputs
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.finding import Finding
    from envdoctor.core.request import BuildOptions
    from envdoctor.stages.file_readers import FileReader


def read_back(path: Path, reader: FileReader) -> FileIdentity:
    """What a file says that a compiler claims to have written.

    Raises:
        StageFailed: it is not of the reader's format, or damaged.
    """
    try:
        made, words = identify_by(path, (reader,)), f"it is no {path.suffix} file, or empty"
    except Unreadable as error:
        made, words = None, str(error)
    if made is None:
        raise StageFailed(not_whole(path, words))
    return made


def not_whole(path: Path, words: str) -> Finding:
    """The finding about a file that can't be read."""
    told = words.rstrip(".").removeprefix(f"{path} is ")
    return finding(
        "file-truncated", path.name, (Evidence(source=path.name, excerpt=told),), words=f"{path.name}: {told}."
    )


def judge_numbers(summary: Mapping[str, Any], options: BuildOptions, subject: str, runner: str) -> Iterator[Finding]:
    """Judge how a file's outputs compare with the model's; where nothing ran it, that is said.

    Args:
        summary: of the stage: `comparison` and `accuracy`, or `not_run` with why not.
        options: the build's.
        subject: the file's name.
        runner: what could have run it.
    """
    if "comparison" in summary:
        measured = {**summary["comparison"], "accuracy": summary.get("accuracy")}
        yield from judge_outputs(measured, options.thresholds, subject)
    else:
        words = str(summary.get("not_run") or "the stage never ran it")
        yield finding("not-compared", subject, (Evidence(source=runner, excerpt=words),), words=words)
    if summary.get("accuracy") is not None:
        yield from judge_accuracy(summary["accuracy"], options.thresholds, subject)


def accept(output: StageOutput, summary: Mapping[str, Any], found: Iterable[Finding]) -> StageOutput:
    """The output with what was found.

    Raises:
        StageFailed: one of the findings is an error.
    """
    findings = tuple(found)
    for each in findings:
        if each.severity is Severity.ERROR:
            raise StageFailed(each)
    return dataclasses.replace(output, summary=summary, findings=(*output.findings, *findings))
