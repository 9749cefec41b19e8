"""What TensorFlow Lite Micro will make of a model, told from the file alone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.tflm.arena import predict
from envdoctor.compilers.tflm.firmware import needed_operators
from envdoctor.compilers.tflm.forms import ask
from envdoctor.compilers.tflm.refusals import kind_of
from envdoctor.core.prediction import Estimate

if TYPE_CHECKING:
    from envdoctor.tflite.model import Model, Operator

_OF = "predicted for x86-64 with reference kernels, not for the board"


def estimate(model: Model) -> Estimate:
    """The operators that it refuses or that nothing is known of, and the arena."""
    answers = {
        (graph.index, operator.index): (operator, ask(graph, operator))
        for graph in model.subgraphs
        for operator in graph.operators
    }
    refused = _grouped([(operator, one.refused) for operator, one in answers.values() if one.refused])
    unknown = _grouped([(operator, one.unknown) for operator, one in answers.values() if one.unknown])
    needs: dict[str, int | str] = {}
    if not refused:
        arena = predict(model, {key: one.structures for key, (_, one) in answers.items()})
        needs = {
            "arena": arena.needed,
            "in use": arena.used,
            "counted": f"{'' if arena.certain else 'the least, since a kernel is not known; '}{_OF}",
        }
    return Estimate(
        refused=refused,
        fix=kind_of(refused[0]).fix if refused else "",
        unknown=unknown,
        needs={**needs, "operators": ", ".join(needed_operators(model))},
    )


def _grouped(found: list[tuple[Operator, str]]) -> tuple[str, ...]:
    """What is said of operators, each thing once, with the first operator of which it is said."""
    groups: dict[tuple[str, str], list[int]] = {}
    for operator, words in found:
        groups.setdefault((operator.label, words), []).append(operator.index)
    return tuple(_said(label, words, indexes) for (label, words), indexes in groups.items())


def _said(label: str, words: str, indexes: list[int]) -> str:
    more = f" and {len(indexes) - 1} more" if len(indexes) > 1 else ""
    return f"operator {indexes[0]}, {label}{more}: {words}"
