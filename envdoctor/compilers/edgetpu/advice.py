"""What to change in a model so that more of it is mapped, and what each change would bring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping  # noqa: TC003  (tools resolve the annotations of dataclasses)
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.prediction import EdgeTpuPrediction, if_taken, predict
from envdoctor.core.data import load_file
from envdoctor.core.prediction import Advice, Guidance, OperatorPlacement, Placement

if TYPE_CHECKING:
    from envdoctor.tflite.model import Model


TABLE = Path(__file__).with_name("advice.toml")


def guide(model: Model, prediction: EdgeTpuPrediction) -> Guidance:
    """All that can be done about a prediction."""
    whole = with_all_subgraphs(model, prediction)
    return Guidance(
        advice=advise(model, prediction),
        all_subgraphs=None if whole is None else len(whole.mapped),
        cut=cut_points(model, prediction) if prediction.mapped else (),
    )


def advise(model: Model, prediction: EdgeTpuPrediction) -> tuple[Advice, ...]:
    """What to do about the operators that are themselves the reason to stay on the CPU, the most gain first."""
    entries: Mapping[str, Mapping[str, object]] = load_file(TABLE)
    concerned: dict[str, list[int]] = defaultdict(list)
    for op in prediction.ops:
        if op.cause and op.placement is not Placement.MAPPED:
            name = next((name for name, entry in entries.items() if _fits(entry, op, model)), None)
            if name is not None:
                concerned[name].append(op.index)
    given = [_advice(name, entries[name], operators, (model, prediction)) for name, operators in concerned.items()]
    return tuple(sorted(given, key=lambda advice: (-advice.gained_macs, -advice.gained_ops, advice.operators)))


def with_all_subgraphs(model: Model, prediction: EdgeTpuPrediction) -> EdgeTpuPrediction | None:
    """What `-a` would make of it, None where the compiler has no such option or it would change nothing."""
    settings = prediction.settings
    if settings.all_subgraphs or not settings.compiler.all_subgraphs:
        return None
    other = predict(model, replace(settings, all_subgraphs=True))
    return other if other.mapped != prediction.mapped else None


def cut_points(model: Model, prediction: EdgeTpuPrediction) -> tuple[str, ...]:
    """Names for `-i`: the tensors that mapped operators hand to the CPU, in execution order.

    The compiler compiles up to them, so that what comes behind can't make it fail. Empty where all is mapped.
    """
    mapped, subgraph = prediction.mapped, model.main
    handed = {index for op in subgraph.operators if op.index not in mapped for index in op.inputs}
    return tuple(
        subgraph.tensors[index].name
        for op in subgraph.operators
        if op.index in mapped
        for index in op.outputs
        if index in handed
    )


def _fits(entry: Mapping[str, object], op: OperatorPlacement, model: Model) -> bool:
    ops, causes, edge = entry.get("ops"), entry["causes"], entry.get("edge")
    if isinstance(ops, list) and op.op not in ops:
        return False
    if not isinstance(causes, list) or op.cause not in causes:
        return False
    operator = model.main.operators[op.index]
    if edge == "input":
        return any(index in model.main.inputs for index in operator.inputs)
    return edge != "output" or any(index in model.main.outputs for index in operator.outputs)


def _advice(
    name: str, entry: Mapping[str, object], operators: list[int], predicted: tuple[Model, EdgeTpuPrediction]
) -> Advice:
    model, prediction = predicted
    gained = if_taken(model, prediction, frozenset(operators)) - prediction.mapped
    total = sum(op.macs for op in prediction.ops)
    return Advice(
        name=name,
        text=str(entry["text"]),
        operators=tuple(operators),
        gained_ops=len(gained),
        gained_macs=sum(prediction.ops[index].macs for index in gained) / total if total else 0.0,
        source=str(entry["source"]),
        link=str(entry["link"]) if "link" in entry else None,
    )
