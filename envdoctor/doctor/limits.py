"""`model --arena SIZE --flash SIZE`: whether a model fits a device, by its file alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor import registry
from envdoctor.core.errors import UsageProblem
from envdoctor.tflite.containers import read_models
from envdoctor.tflite.readers import find_reader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envdoctor.core.report import Report


def hold_limits(report: Report, path: Path, goal: str, limits: Mapping[str, int]) -> Report:
    """A model's report with what is wrong with it for a device that has no more memory than this.

    Raises:
        UsageProblem: nothing tells the memory that a model takes for this goal, or the file holds several models.
    """
    compiler = registry.compilers().get(find_reader(goal).compiler) if goal else None
    if compiler is None or compiler.hold is None or compiler.estimate is None:
        options = " and ".join(f"--{name}" for name in limits)
        raise UsageProblem(f"{options}: for a microcontroller; say --to tflm.")
    if report.file is not None:
        return report
    models = read_models(path)
    if len(models) != 1:
        raise UsageProblem(f"{path.name} holds {len(models)} models; name the file of one to hold it against a limit.")
    found = compiler.hold(compiler.estimate(models[0]), path, limits)
    return dataclasses.replace(report, findings=(*report.findings, *found))
