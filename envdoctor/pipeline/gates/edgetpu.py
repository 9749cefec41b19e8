"""What the Edge TPU compiler made of a model: the table of its log, and the operators of the compiled file. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.core.finding import Evidence
from envdoctor.pipeline.gates.mapping import Judged, Mapped, judge_mapping
from envdoctor.tflite.containers import EDGETPU_CUSTOM_OP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.core.request import BuildOptions
    from envdoctor.tflite.model import Model

_MAPPED = "Mapped to Edge TPU"


def judge_edgetpu(compiled: Model, summary: Mapping[str, Any], options: BuildOptions) -> Judged:
    """Judge a file that the compiler wrote.

    Args:
        compiled: the file.
        summary: of the stage; its `log_rows` are the rows of the log's table: operator, count and status.
        options: the build's.
    """
    counts = Counter(operator.custom_code or operator.name for operator in compiled.main.operators)
    packages = counts.pop(EDGETPU_CUSTOM_OP, 0)
    rows: list[Mapping[str, Any]] = list(summary.get("log_rows", ()))
    left = [row for row in rows if row["status"] != _MAPPED]
    total = sum(row["count"] for row in rows) or sum(counts.values()) + packages
    reasons = tuple(Evidence(source=f"{row['count']} {row['operator']}", excerpt=row["status"]) for row in left)
    mapped = Mapped(packages=packages, on_cpu=counts, total=total, reasons=reasons)
    return judge_mapping(mapped, compiled.name, options.require_mapped)
