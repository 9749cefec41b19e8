"""Which operators of a model stayed on the CPU, told from the file that Vela wrote. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.compilers.vela.gate import ETHOSU_CUSTOM_OP
from envdoctor.core.model_report import OperatorReport
from envdoctor.tflite.macs import multiply_adds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.tflite.model import Model


def placed(source: Model, compiled: Model, summary: Mapping[str, Any]) -> tuple[OperatorReport, ...]:
    """Tell from the compiled file which operators stayed on the CPU: it keeps the names of the tensors they write.

    Args:
        source: the model before.
        compiled: the file that Vela wrote.
        summary: of the stage; its `reasons` are Vela's warnings: `tensor` and `reason` of each.
    """
    kept = {
        tensor.name
        for operator in compiled.main.operators
        if operator.custom_code != ETHOSU_CUSTOM_OP
        for tensor in compiled.main.given(operator)
    }
    why = {row["tensor"]: row["reason"] for row in summary.get("reasons", ())}
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
