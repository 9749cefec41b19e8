"""Which operators of a model stayed on the CPU, told from the file that Vela wrote. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.compilers.vela.gate import ETHOSU_CUSTOM_OP, reason_of
from envdoctor.core.prediction import OperatorPlacement, Placement, Prediction
from envdoctor.stages.gates.mapping import left_to_cpu
from envdoctor.tflite.macs import multiply_adds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.tflite.model import Model, Operator


def placed(source: Model, compiled: Model, summary: Mapping[str, Any]) -> Prediction:
    """Tell from the compiled file which operators stayed on the CPU, as the gate of a build counts them.

    Args:
        source: the model before.
        compiled: the file that Vela wrote.
        summary: of the stage; its `reasons` are Vela's warnings: `operator`, `tensor` and `reason` of each.
    """
    left = left_to_cpu(source, compiled, ETHOSU_CUSTOM_OP)
    return Prediction(ops=tuple(_placement(source, operator, summary, left) for operator in source.main.operators))


def _placement(
    source: Model, operator: Operator, summary: Mapping[str, Any], left: frozenset[int]
) -> OperatorPlacement:
    on_cpu = operator.index in left
    names = [tensor.name for tensor in source.main.given(operator)]
    reason = reason_of(summary, operator.name, names) or "Vela gives no reason"
    return OperatorPlacement(
        index=operator.index,
        op=operator.label,
        placement=Placement.CPU if on_cpu else Placement.MAPPED,
        status="",
        reason=reason if on_cpu else "",
        macs=multiply_adds(source.main, operator),
    )
