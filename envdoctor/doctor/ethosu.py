"""Which operators an Ethos-U takes: Vela itself is asked, where its environment is there; nothing is guessed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed
from envdoctor.compilers.vela import action as vela
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.model_report import OperatorReport
from envdoctor.core.request import Request
from envdoctor.environments.provide import provide
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State, status
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.recorder import Recorder
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.containers import ETHOSU_CUSTOM_OP
from envdoctor.tflite.macs import multiply_adds
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.tflite.model import Model

#: Seconds that Vela may take to answer; it needs less than one for a small model.
_PATIENCE = 300.0


def ask_vela(path: Path, goal: str) -> tuple[tuple[OperatorReport, ...], str]:
    """Compile a model in a folder that is thrown away, and read off what became of each operator.

    Args:
        path: the .tflite file.
        goal: `ethos-u55-128` and its like.

    Returns:
        The operators, none if Vela could not answer; and then why, in a sentence.

    Raises:
        UsageProblem: an unknown goal.
    """
    request, executor = Request(goal=parse_goal(goal)), LocalExecutor()
    spec = environment_spec("vela")
    if status(spec, request, executor).state is not State.MADE:
        how = f"envdoctor build {path.name} --to {goal}"
        return (), f"What an Ethos-U takes only Vela knows, and it is not installed: `{how}` does that once."
    made = provide(spec, request, None, executor, lambda _: None)
    with tempfile.TemporaryDirectory(prefix="envdoctor-vela-") as name:
        folder = Path(name)
        recorder = Recorder(executor, folder / "vela.log", _PATIENCE, None, made.variables)
        context = StageContext(
            source=Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256=hash_path(path)),
            request=request,
            place="local",
            python=made.python,
            reference=None,
            folder=folder,
            run=recorder.run,
            interpreter=lambda _: made.python,
            log=recorder.log,
        )
        try:
            output = vela.run(context)
        except StageFailed as error:
            return (), f"Vela did not answer: {error.finding.message}"
        reasons = output.summary.get("reasons", ())
        return placed(read_model(path), read_model(output.path), reasons if isinstance(reasons, list) else ()), ""


def placed(source: Model, compiled: Model, reasons: Sequence[dict[str, Any]]) -> tuple[OperatorReport, ...]:
    """Tell from the compiled file which operators stayed on the CPU: it keeps the names of the tensors they write.

    Args:
        source: the model before.
        compiled: the file that Vela wrote.
        reasons: Vela's warnings: `tensor` and `reason` of each.
    """
    kept = {
        tensor.name
        for operator in compiled.main.operators
        if operator.custom_code != ETHOSU_CUSTOM_OP
        for tensor in compiled.main.given(operator)
    }
    why = {row["tensor"]: row["reason"] for row in reasons}
    reports = []
    for operator in source.main.operators:
        names = [tensor.name for tensor in source.main.given(operator)]
        on_cpu = any(name in kept for name in names)
        reason = next((why[name] for name in names if name in why), "Vela gives no reason") if on_cpu else ""
        reports.append(
            OperatorReport(
                index=operator.index,
                op=operator.label,
                placement="CPU" if on_cpu else "MAPPED",
                reason=reason,
                macs=multiply_adds(source.main, operator),
            )
        )
    return tuple(reports)
