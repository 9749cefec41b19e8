"""What Vela made of a model, by the operators of the compiled file. Pure.

Vela's own summary can call a file 100 % NPU that is not: a STABLEHLO_COMPOSITE stays on the CPU uncounted (5.2.0).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.mapping import Judged, Mapped, judge_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.request import BuildOptions
    from envdoctor.tflite.model import Model

#: The operator that holds what Vela compiled.
ETHOSU_CUSTOM_OP = "ethos-u"
_LISTED = 8


def judge_vela(compiled: Model, source: Model, summary: Mapping[str, Any], options: BuildOptions) -> Judged:
    """Judge a file that Vela wrote.

    Args:
        compiled: the file.
        source: the int8 model that it was made from.
        summary: of the stage; its `reasons` are what Vela said of operators that it leaves to the CPU.
        options: the build's.
    """
    counts = Counter(operator.custom_code or operator.name for operator in compiled.main.operators)
    packages = counts.pop(ETHOSU_CUSTOM_OP, 0)
    mapped = Mapped(
        packages=packages,
        on_cpu=counts,
        total=len(source.main.operators),
        reasons=tuple(_reasons(compiled, summary))[:_LISTED],
    )
    return judge_mapping(mapped, compiled.name, options.require_mapped)


def _reasons(compiled: Model, summary: Mapping[str, Any]) -> Iterator[Evidence]:
    """What is left in the file, each with Vela's reason where it gave one for the same operator and tensor.

    Vela warns of operators too that are gone in the end; what the file does not have is not repeated.
    """
    said: list[Mapping[str, str]] = list(summary.get("reasons", ()))
    for operator in compiled.main.operators:
        if operator.custom_code == ETHOSU_CUSTOM_OP:
            continue
        tensor = compiled.main.tensors[operator.outputs[0]].name if operator.outputs else ""
        mine = [one["reason"] for one in said if one["operator"] == operator.name and one["tensor"] == tensor]
        others = [one["reason"] for one in said if one["operator"] == operator.name]
        reason = next(iter(mine or others), "Vela gave no reason")
        yield Evidence(source=f"{operator.label} -> {tensor}", excerpt=reason)
