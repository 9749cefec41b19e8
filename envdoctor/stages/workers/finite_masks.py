"""What masks scores before a SOFTMAX, minus infinity or -1e9, becomes a finite number that masks as well.

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

#: From here on a number is meant to be infinite, and so far below all others it adds less than 1e-5 of a softmax.
_INFINITE, _BEYOND = -1e3, 12
#: Operators by which a mask gets to the scores, and with them to the SOFTMAX.
_CARRYING = frozenset({"SELECT", "SELECT_V2", "ADD", "SUB", "MUL", "RESHAPE", "TRANSPOSE", "BROADCAST_TO", "MAXIMUM"})
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
    masks = [index for index in range(len(graph.main.tensors)) if _is_mask(graph, index)]
    if not masks:
        return None
    lowest = -(math.ceil(_reach(graph, data, samples.renamed(names))) + _BEYOND)
    for index in masks:
        value = graph.constant(index)
        graph.make_constant(index, np.where(value <= _INFINITE, np.float32(lowest), value))
    return graph.pack()


def _is_mask(graph: Graph, index: int) -> bool:
    if not graph.is_constant(index) or graph.dtype(index) != "FLOAT32":
        return False
    return bool((graph.constant(index) <= _INFINITE).any()) and _leads_to_softmax(graph, index)


def _leads_to_softmax(graph: Graph, index: int) -> bool:
    pending, seen = [index], {index}
    while pending:
        for operator in takers(graph, pending.pop()):
            name, output = graph.operator_name(operator), int(operator.outputs[0])
            if name == "SOFTMAX":
                return True
            if name in _CARRYING and output not in seen:
                seen.add(output)
                pending.append(output)
    return False


def _reach(graph: Graph, data: bytes, samples: Samples) -> float:
    """How far scores that are not masked are from zero and from each other, before any SOFTMAX."""
    import numpy as np

    interpreter = litert_run.make_interpreter(data, keep_all=True)
    runner, reach = litert_run.Runner(interpreter), 0.0
    scores = [int(each.inputs[0]) for each in graph.main.operators if graph.operator_name(each) == "SOFTMAX"]
    for sample in samples.at_most(_LOOKED_AT).one_by_one():
        runner.predict(sample)
        for index in scores:
            value = np.asarray(interpreter.get_tensor(index), dtype="float64")
            value = value[(value > _INFINITE) & np.isfinite(value)]
            if value.size:
                reach = max(reach, float(np.abs(value).max()), float(np.ptp(value)))
    return reach
