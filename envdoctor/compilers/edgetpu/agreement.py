"""What was predicted of the Edge TPU compiler, held against what it said, or against the file that it wrote."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.result import OpStatus
from envdoctor.core.errors import Unreadable
from envdoctor.core.prediction import Disagreement
from envdoctor.stages.gates.mapping import left_to_cpu
from envdoctor.support.files import read_head
from envdoctor.tflite.containers import FileKind, sniff
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.compilers.edgetpu.result import CompilerLog
    from envdoctor.core.prediction import Prediction
    from envdoctor.tflite.model import Model

#: The operator that holds what the compiler compiled.
EDGETPU_CUSTOM_OP = "edgetpu-custom-op"
#: No log of the compiler is a hundredth of this.
_LARGEST_LOG = 16 << 20


def compare(prediction: Prediction, model: Model, path: Path) -> tuple[Disagreement, ...]:
    """Where a log of the compiler, or the file that it wrote, says otherwise than a prediction.

    Raises:
        Unreadable: the path is neither.
    """
    if sniff(path) is FileKind.COMPILED:
        return disagreements_with_file(prediction, model, read_model(path))
    return disagreements(prediction, read_log(path))


def read_log(path: Path) -> CompilerLog:
    """A log file of the compiler.

    Raises:
        Unreadable: it can't be read, is too large, or holds no table of operators, or one that its counts contradict.
    """
    try:
        data = read_head(path, _LARGEST_LOG + 1)
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}") from error
    if len(data) > _LARGEST_LOG:
        raise Unreadable(f"{path} is larger than any log of edgetpu_compiler")
    log = parse_log(data.decode("utf-8", "replace"))
    if not any(model.rows for model in log.models):
        raise Unreadable(f"{path} holds no table of operators; give the _edgetpu.log file, or the output of -s")
    if not all(model.adds_up for model in log.models):
        raise Unreadable(f"{path} is damaged: its counts and its table of operators contradict each other")
    return log


def disagreements(prediction: Prediction, log: CompilerLog) -> tuple[Disagreement, ...]:
    """Where the log's last table of operators and the prediction differ, counted by operator and status.

    Operators of which nothing is known are counted under an empty status: they always differ.
    """
    rows = next((model.rows for model in reversed(log.models) if model.rows), ())
    logged = Counter[tuple[str, str]]()
    for row in rows:
        logged[row.op, row.status.value or row.text] += row.count
    predicted = Counter((op.op.partition(" ")[0], op.status) for op in prediction.ops)
    return tuple(
        Disagreement(op=op, status=status, predicted=predicted[op, status], logged=logged[op, status])
        for op, status in sorted({*logged, *predicted})
        if predicted[op, status] != logged[op, status]
    )


def mapped_in(source: Model, compiled: Model) -> frozenset[int]:
    """The operators of a model that went into its compiled file's Edge TPU operators.

    Where a log exists too, its counts agree with what the file shows.

    Raises:
        Unreadable: the second file is no output of the compiler.
    """
    if not any(operator.custom_code == EDGETPU_CUSTOM_OP for operator in compiled.main.operators):
        raise Unreadable(f"{compiled.name} is no output of edgetpu_compiler: it has no {EDGETPU_CUSTOM_OP}")
    left = left_to_cpu(source, compiled, EDGETPU_CUSTOM_OP)
    return frozenset(operator.index for operator in source.main.operators if operator.index not in left)


def disagreements_with_file(prediction: Prediction, source: Model, compiled: Model) -> tuple[Disagreement, ...]:
    """Where the compiled file and the prediction differ: operators that only one of them has on the Edge TPU, by name.

    Raises:
        Unreadable: the second file is no output of the compiler.
    """
    mapped = mapped_in(source, compiled)
    differing = [op for op in prediction.ops if (op.index in mapped) != (op.index in prediction.mapped)]
    found = []
    for name in sorted({op.op for op in differing}):
        indexes = {op.index for op in prediction.ops if op.op == name}
        counts = {"predicted": len(indexes & prediction.mapped), "logged": len(indexes & mapped)}
        found.append(Disagreement(op=name, status=OpStatus.MAPPED.value, **counts))
    return tuple(found)
