"""Hold a recipe against the quantizer and a model: the doctor has checked its form, see `envdoctor.stages.recipes`."""

from __future__ import annotations

import contextlib
import difflib
import re
import signal
from typing import TYPE_CHECKING, Any

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .tflite_graph import Graph

_EVERY = "*"
#: What all searches with one regular expression may take.
_SECONDS = 10
_EDGES = {"INPUT": "inputs", "OUTPUT": "outputs"}


def check_recipe(entries: Sequence[Mapping[str, Any]], graph: Graph) -> None:
    """Refuse a recipe that means something which the quantizer does not know, or the model does not have.

    The quantizer passes over such entries in silence.

    Raises:
        Problem: an unknown operator or algorithm, or an entry that matches nothing.
    """
    from litert_quantizer import qtyping
    from litert_quantizer.recipe import AlgorithmName

    operations = [str(each.value) for each in qtyping.TFLOperationName]
    algorithms = [str(each.value) for each in AlgorithmName]
    scopes = list(_scopes(graph))
    for number, entry in enumerate(entries, start=1):
        for key, known in (("operation", operations), ("algorithm_key", algorithms)):
            if entry[key] not in known:
                near = difflib.get_close_matches(entry[key], known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"those are {', '.join(known)}"
                raise Problem("recipe-refused", f"entry {number}: {entry[key]!r} is no {key}; {hint}")
        with _bounded(f"entry {number}: the regex {entry['regex']!r}"):
            found = [name for name, scope in scopes if re.search(entry["regex"], scope)]
        if not any(entry["operation"] in {_EVERY, name} for name in found):
            what = "operator" if entry["operation"] == _EVERY else entry["operation"]
            raise Problem(
                "recipe-refused", f"entry {number}: the regex {entry['regex']!r} matches no {what} of the model"
            )


@contextlib.contextmanager
def _bounded(what: str) -> Iterator[None]:
    """Refuse a regular expression that takes for ever: the quantizer would search with it, too."""

    def stop(*_: object) -> None:
        words = f"{what} takes more than {_SECONDS} seconds to search; repeat no group that repeats itself, as in (a+)+"
        raise Problem("recipe-refused", words)

    if not hasattr(signal, "SIGALRM"):  # Windows: the stage's time limit ends it
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _scopes(graph: Graph) -> Iterator[tuple[str, str]]:
    """Each operator's name for the quantizer, and the text that a regular expression is searched in."""
    from litert_quantizer.utils import tfl_flatbuffer_utils

    tensors = graph.main.tensors
    names = tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME
    for operator in graph.main.operators:
        code = graph.model.operatorCodes[operator.opcodeIndex].builtinCode
        name = names.get(code, graph.operator_name(operator))
        yield str(getattr(name, "value", name)), tfl_flatbuffer_utils.get_op_scope(operator, tensors)
    for name, field in _EDGES.items():
        for index in getattr(graph.main, field):
            yield name, f"{tensors[int(index)].name.decode()};"
