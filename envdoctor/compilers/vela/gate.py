"""What Vela made of a model, by the operators of the compiled file. Pure.

Vela's own summary can call a file 100 % NPU that is not: a STABLEHLO_COMPOSITE stays on the CPU uncounted (5.2.0).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.mapping import Judged, Mapped, judge_mapping, left_to_cpu

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envdoctor.core.request import BuildOptions
    from envdoctor.tflite.model import Model

#: The operator that holds what Vela compiled.
ETHOSU_CUSTOM_OP = "ethos-u"


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
        left=len(left_to_cpu(source, compiled, ETHOSU_CUSTOM_OP)),
        reasons=tuple(_reasons(compiled, summary)),
    )
    return judge_mapping(mapped, compiled.name, options.require_mapped)


def _reasons(compiled: Model, summary: Mapping[str, Any]) -> Iterator[Evidence]:
    """What is left in the file, with Vela's reasons where it gave one for the same operator; alike ones together.

    Vela warns of operators too that are gone in the end; what the file does not have is not repeated.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for operator in compiled.main.operators:
        if operator.custom_code != ETHOSU_CUSTOM_OP:
            names = [tensor.name for tensor in compiled.main.given(operator)]
            reason = reason_of(summary, operator.name, names) or "Vela gave no reason"
            found.setdefault(reason, []).append((operator.label, next(iter(names), "nothing")))
    for reason, operators in found.items():
        counts = Counter(label for label, _ in operators)
        first = f"{operators[0][0]} -> {operators[0][1]}"
        listed = ", ".join(f"{count} {label}" for label, count in counts.most_common())
        yield Evidence(source=first if len(operators) == 1 else f"{listed}; the first: {first}", excerpt=reason)


def reason_of(summary: Mapping[str, Any], name: str, tensors: Sequence[str]) -> str:
    """Why Vela leaves an operator to the CPU: what it said of this one, else of another of its name; empty for none."""
    said: list[Mapping[str, str]] = list(summary.get("reasons", ()))
    mine = [one["reason"] for one in said if one["tensor"] in tensors]
    alike = [one["reason"] for one in said if one["operator"] == name]
    return next(iter((*mine, *alike)), "")
