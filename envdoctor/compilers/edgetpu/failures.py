"""What a failed run of the compiler means: one finding for each kind of failure, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import StageFailed
from envdoctor.compilers.edgetpu import places
from envdoctor.compilers.edgetpu.locate import NAME
from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.result import CompilerFailure, FailureKind
from envdoctor.core.finding import Evidence
from envdoctor.executors.ssh import CONNECTION_FAILED
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import failed
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from envdoctor.action import StageContext
    from envdoctor.compilers.edgetpu.running import CompilerRun
    from envdoctor.core.finding import Finding

_EXCERPT = 600

#: Failures that say nothing of their cause: the compiler's own bug, or a model that it can't take.
INTERNAL = frozenset(
    {
        FailureKind.INTERNAL_COMPILER_ERROR,
        FailureKind.UNCAUGHT_EXCEPTION,
        FailureKind.CRASHED,
        FailureKind.COMPILATION_FAILED,
        FailureKind.DELEGATE_NOT_APPLIED,
    },
)

#: The problem (data/stage-problems.toml) that each kind is; the other kinds have none of their own.
PROBLEMS = {
    FailureKind.OP_VERSION_UNSUPPORTED: "edgetpu-operator-version",
    FailureKind.OP_CODE_OUT_OF_RANGE: "edgetpu-operator-unknown",
    FailureKind.UNRESOLVED_CUSTOM_OP: "edgetpu-custom-operator",
    FailureKind.DYNAMIC_TENSORS: "edgetpu-dynamic-tensors",
    FailureKind.NOT_QUANTIZED: "edgetpu-not-quantized",
    FailureKind.EMPTY_SUBGRAPH: "edgetpu-model-unreadable",
    FailureKind.CANNOT_OPEN: "edgetpu-model-unreadable",
    FailureKind.NOT_PARSED: "edgetpu-model-unreadable",
    FailureKind.INVALID_MODEL: "edgetpu-model-unreadable",
    FailureKind.REGISTRATION_FAILED: "edgetpu-model-unreadable",
    FailureKind.LARGE_ACTIVATIONS: "edgetpu-large-activations",
    FailureKind.TIMEOUT: "edgetpu-timeout",
    **dict.fromkeys(INTERNAL, "edgetpu-internal-error"),
    FailureKind.NODE_NOT_PREPARED: "edgetpu-interpreter-refused",
    FailureKind.INTERPRETER_REFUSED: "edgetpu-interpreter-refused",
    FailureKind.OTHER_ERROR: "compiler-refused",
}


def explain(context: StageContext, run: CompilerRun, blamed: str = "") -> StageFailed:
    """Why a run failed.

    Args:
        context: of the stage.
        run: the run.
        blamed: the operator that an internal failure was traced to, with its place.
    """
    if run.result.ended or run.result.error:
        return _unexplained(context, run)
    if context.place == places.SSH and run.result.returncode == CONNECTION_FAILED:
        return StageFailed(_connection(context, run), of_place=True)
    cause = parse_log(run.printed).cause
    if cause is None and run.result.signal:
        cause = CompilerFailure(kind=FailureKind.CRASHED, line=run.result.describe_failure())
    if cause is None:
        return _unexplained(context, run)
    # An emulator or a container may crash the compiler where it works elsewhere.
    of_place = cause.kind is FailureKind.CRASHED and context.place != places.LOCAL
    return StageFailed(_finding(context, run, cause, blamed), of_place=of_place)


def _unexplained(context: StageContext, run: CompilerRun) -> StageFailed:
    return StageFailed(failed(context, run.result, run.printed, NAME).finding, of_place=True)


def _connection(context: StageContext, run: CompilerRun) -> Finding:
    host = context.request.options.ssh_host or ""
    lines = [line for line in run.printed.splitlines() if line.strip()]
    words = lines[-1].strip() if lines else "the connection failed"
    evidence = (Evidence(source=quote_command(run.result.argv), excerpt=run.printed.strip()[-_EXCERPT:] or words),)
    return finding("ssh-failed", host, evidence, host=host, words=words.rstrip("."))


def _finding(context: StageContext, run: CompilerRun, cause: CompilerFailure, blamed: str) -> Finding:
    evidence = (
        Evidence(source=quote_command(run.result.argv), excerpt=run.result.describe_failure()),
        Evidence(source=str(context.log), excerpt=cause.line),
    )
    return finding(
        PROBLEMS[cause.kind],
        context.source.path.name,
        evidence,
        op=cause.op or "an operator",
        version="" if cause.version is None else cause.version,
        number="" if cause.number is None else cause.number,
        words=cause.line.rstrip(".! "),
        blamed=f" It gives up at {blamed}." if blamed else "",
    )
