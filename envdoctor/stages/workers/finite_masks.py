"""What masks scores before a SOFTMAX or a maximum, minus infinity or -1e9, becomes a finite number that masks as well.

The LiteRT quantizer leaves infinity out of the scores' range: what it stands for is then the lowest score, which masks
nothing. A -1e9 makes one step of the range so wide that no score is left. What is written instead follows from the
scores themselves; the caller proves that the outputs stay the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import litert_run
from .mends.mend import takers
from .tflite_graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .samples import Samples

#: From here on a number is meant to be infinite; so far below all others one adds less than 1e-5 of a softmax.
_INFINITE, _BEYOND = 1e3, 12
#: Operators for which a number far below all others is as good as none.
_HEEDLESS = frozenset({"SOFTMAX", "REDUCE_MAX", "MAX_POOL_2D"})
#: Operators by which a mask gets to the scores, and with them to one of those.
_CARRYING = frozenset({
    "SELECT", "SELECT_V2", "ADD", "SUB", "MUL", "RESHAPE", "TRANSPOSE", "BROADCAST_TO", "MAXIMUM", "NEG",
    "STRIDED_SLICE", "SLICE", "EXPAND_DIMS", "SQUEEZE", "GATHER", "TILE",
})  # fmt: skip
_LOOKED_AT = 8


def make_finite(data: bytes, samples: Samples, names: Mapping[str, str]) -> bytes | None:
    """The model with finite masks; None if it has no others.

    Args:
        data: the float model.
        samples: what the scores are looked at with.
        names: what the samples' inputs are called in the model.
    """
    import numpy as np

    graph = Graph(data)
    masks = {index: sign for index in range(len(graph.main.tensors)) if (sign := _masking_sign(graph, index))}
    if not masks:
        return None
    lowest = math.ceil(_reach(graph, data, samples.renamed(names))) + _BEYOND
    for index, sign in masks.items():
        value = graph.constant(index)
        graph.make_constant(index, np.where(sign * value >= _INFINITE, np.float32(sign * lowest), value))
    return graph.pack()


def _masking_sign(graph: Graph, index: int) -> int:
    """Of a constant that masks scores the sign of its huge numbers; 0 of others."""
    if not graph.is_constant(index) or graph.dtype(index) != "FLOAT32":
        return 0
    value = graph.constant(index)
    signs = [sign for sign in (-1, 1) if (sign * value >= _INFINITE).any()]
    return next((sign for sign in signs if _lowers_scores(graph, index, sign)), 0)


def _lowers_scores(graph: Graph, index: int, sign: int) -> bool:
    """True if numbers of this sign get to where scores count as negative ones; they are multiplied with 0 or 1."""
    pending, seen = [(index, sign)], {(index, sign)}
    while pending:
        current, sign = pending.pop()
        for operator in takers(graph, current):
            name, output = graph.operator_name(operator), int(operator.outputs[0])
            if name in _HEEDLESS and sign < 0:
                return True
            is_turned = name == "NEG" or (name == "SUB" and int(operator.inputs[1]) == current)
            carried = (output, -sign if is_turned else sign)
            if name in _CARRYING and carried not in seen:
                seen.add(carried)
                pending.append(carried)
    return False


def _reach(graph: Graph, data: bytes, samples: Samples) -> float:
    """How far scores that are not masked are from zero and from each other, where they count."""
    import numpy as np

    interpreter = litert_run.make_interpreter(data, keep_all=True)
    runner, reach = litert_run.Runner(interpreter), 0.0
    scores = [int(each.inputs[0]) for each in graph.main.operators if graph.operator_name(each) in _HEEDLESS]
    for sample in samples.at_most(_LOOKED_AT).one_by_one():
        runner.predict(sample)
        for index in scores:
            value = np.asarray(interpreter.get_tensor(index), dtype="float64")
            value = value[(value > -_INFINITE) & np.isfinite(value)]
            if value.size:
                reach = max(reach, float(np.abs(value).max()), float(np.ptp(value)))
    return reach
