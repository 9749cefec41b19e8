"""What the Edge TPU compiler made of a model: the table of its log, and the operators of the compiled file. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.compilers.edgetpu.agreement import EDGETPU_CUSTOM_OP
from envdoctor.compilers.edgetpu.result import OpStatus
from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.mapping import Judged, Mapped, judge_mapping, left_to_cpu
from envdoctor.stages.problems import finding
from envdoctor.tflite.quantization import per_channel_dense

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import BuildOptions
    from envdoctor.tflite.model import Model


def judge_edgetpu(compiled: Model, source: Model, summary: Mapping[str, Any], options: BuildOptions) -> Judged:
    """Judge a file that the compiler wrote.

    Args:
        compiled: the file.
        source: the int8 model that it was made from.
        summary: of the stage; its `log_rows` are the rows of the log's table: operator, count and status.
        options: the build's.
    """
    counts = Counter(operator.custom_code or operator.name for operator in compiled.main.operators)
    packages = counts.pop(EDGETPU_CUSTOM_OP, 0)
    rows: list[Mapping[str, Any]] = list(summary.get("log_rows", ()))
    reasons = tuple(
        Evidence(source=f"{row['count']} {row['operator']}", excerpt=row["status"])
        for row in rows
        if row["status"] != OpStatus.MAPPED.value
    )
    mapped = Mapped(
        packages=packages,
        on_cpu=counts,
        total=len(source.main.operators),
        left=len(left_to_cpu(source, compiled, EDGETPU_CUSTOM_OP)),
        reasons=reasons,
    )
    judged = judge_mapping(mapped, compiled.name, options.require_mapped)
    return dataclasses.replace(judged, findings=judged.findings + tuple(_wrong_numbers(source)))


def _wrong_numbers(source: Model) -> Iterator[Finding]:
    found = per_channel_dense(source)
    if found:
        subgraph, operator = found[0]
        tensor = subgraph.tensors[operator.outputs[0]].name
        evidence = (Evidence(source=source.name, excerpt=f"{operator.label} {operator.index} -> {tensor}"),)
        yield finding("per-channel-dense-compiled", source.name, evidence, count=len(found), tensor=tensor)
