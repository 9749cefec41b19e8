"""From a model and a compiler's settings to a placement for every operator."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.limits import Objection, Question
from envdoctor.compilers.edgetpu.partition import delegate_groups
from envdoctor.compilers.edgetpu.rulebook import Compiler, Rulebook, newest_compiler, rulebook, status_words
from envdoctor.compilers.edgetpu.support import objection
from envdoctor.core.prediction import OperatorPlacement, Placement, Prediction
from envdoctor.tflite.macs import multiply_adds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envdoctor.tflite.model import Model, Operator, Subgraph

_FIRST_INT8_RUNTIME = 12
"""With `-m 10` and `-m 11` nothing of an int8 model is mapped (measured with 16.0)."""
_COMBINED = 4
"""Up to so many things that are unknown are tried in every combination; more, each by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The compiler and what it is told on its command line.

    Attributes:
        compiler: the release.
        all_subgraphs: `-a`, every group of operators instead of the first alone.
        min_runtime_version: `-m`; None for the compiler's own.
        intermediate_tensors: `-i`, names of tensors behind which nothing is compiled.
        rules: what is known of compilers; only a benchmark gives another than the whole.
    """

    compiler: Compiler = field(default_factory=newest_compiler)
    all_subgraphs: bool = False
    min_runtime_version: int | None = None
    intermediate_tensors: frozenset[str] = frozenset()
    rules: Rulebook = field(default_factory=rulebook, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTpuPrediction(Prediction):
    """What edgetpu_compiler will make of the first subgraph, with these settings."""

    settings: Settings


def predict(model: Model, settings: Settings | None = None) -> EdgeTpuPrediction:
    """Say for each operator of the first subgraph where it will run.

    Where the evidence does not say whether operators are taken, each way that it may be is tried: what is mapped in all
    of them is MAPPED, what is mapped in none is CPU, and the rest is UNKNOWN.

    Raises:
        Unreadable: a constant that a rule must look at is not in the file.
    """
    settings = settings or Settings()
    subgraph = model.main
    objections = [_objection(subgraph, operator, settings) for operator in subgraph.operators]
    if settings.all_subgraphs:
        objections = _with_joints(subgraph, objections)
    tried = [_mapped(subgraph, supported, settings) for supported in _scenarios(subgraph, objections)]
    possible, certain = frozenset().union(*tried), tried[0].intersection(*tried)
    blockers = _blockers(subgraph, objections, certain)
    return EdgeTpuPrediction(
        settings=settings,
        others="it is in another subgraph, and only the first is compiled",
        ops=tuple(
            _placement(
                operator,
                objections[operator.index],
                (operator.index in possible, operator.index in certain),
                _blocker(objections, blockers.get(operator.index)),
                multiply_adds(subgraph, operator),
            )
            for operator in subgraph.operators
        ),
    )


def if_taken(model: Model, prediction: EdgeTpuPrediction, operators: frozenset[int]) -> frozenset[int]:
    """What would be mapped if some operators were taken that aren't: replaced by others, say.

    Args:
        model: the model that the prediction is of.
        prediction: as `predict` gave it.
        operators: indexes of the operators to suppose taken.
    """
    taken = [not op.cause or op.index in operators for op in prediction.ops]
    return _mapped(model.main, taken, prediction.settings)


def _objection(subgraph: Subgraph, operator: Operator, settings: Settings) -> Objection | None:
    int8 = settings.compiler.int8 and (settings.min_runtime_version or _FIRST_INT8_RUNTIME) >= _FIRST_INT8_RUNTIME
    question = Question(subgraph=subgraph, operator=operator, compiler=settings.compiler, rules=settings.rules)
    return objection(question, int8=int8)


def _with_joints(subgraph: Subgraph, objections: Sequence[Objection | None]) -> list[Objection | None]:
    """The objections, and doubt about operators that join what several parts give.

    With `-a`, 16.0 left both CONCATENATIONs of that sort to the CPU (google-coral/edgetpu#690); no other was seen.
    """
    doubt = Objection(status="limit", reason="it joins what several parts on the Edge TPU give", certain=False)
    joints = _joints(subgraph, [found is None for found in objections])
    joints |= _joints(subgraph, [not _is_certain(found) for found in objections])
    return [
        doubt if found is None and operator.index in joints else found
        for operator, found in zip(subgraph.operators, objections, strict=True)
    ]


def _joints(subgraph: Subgraph, supported: Sequence[bool]) -> set[int]:
    """Operators that take tensors of more than one part, if all parts are compiled."""
    groups = delegate_groups(subgraph, supported)
    part_of = {index: number for number, group in enumerate(groups) for index in group}
    producers = {tensor: part_of.get(operator.index) for tensor, operator in subgraph.producers().items()}
    return {
        index
        for index in part_of
        if len({producers.get(tensor) for tensor in subgraph.operators[index].inputs} - {None}) > 1
    }


def _mapped(subgraph: Subgraph, supported: Sequence[bool], settings: Settings) -> frozenset[int]:
    behind = _behind(subgraph, settings.intermediate_tensors)
    groups = delegate_groups(subgraph, [takes and index not in behind for index, takes in enumerate(supported)])
    kept = groups if settings.all_subgraphs else groups[:1]
    return frozenset(index for group in kept for index in group)


def _behind(subgraph: Subgraph, names: frozenset[str]) -> frozenset[int]:
    """Operators that need, directly or not, one of the tensors that `-i` names."""
    reached = {tensor.index for tensor in subgraph.tensors if tensor.name in names}
    found: set[int] = set()
    for operator in subgraph.operators:
        if reached.intersection(operator.inputs):
            found.add(operator.index)
            reached.update(operator.outputs)
    return frozenset(found)


def _scenarios(subgraph: Subgraph, objections: Sequence[Objection | None]) -> list[list[bool]]:
    """For each operator whether it is taken, in each way that it may be; what is unknown alike goes together."""
    kinds = [
        (operator.name, found.limit or found.status) if found and not found.certain else None
        for operator, found in zip(subgraph.operators, objections, strict=True)
    ]
    unknown = list(dict.fromkeys(kind for kind in kinds if kind is not None))
    if len(unknown) <= _COMBINED:
        sizes: Iterable[int] = range(len(unknown) + 1)
    else:
        sizes = (0, 1, len(unknown) - 1, len(unknown))
    refused = [set(some) for size in sizes for some in itertools.combinations(unknown, size)]
    return [
        [
            found is None or (kind is not None and kind not in some)
            for found, kind in zip(objections, kinds, strict=True)
        ]
        for some in refused
    ]


def _blockers(subgraph: Subgraph, objections: Sequence[Objection | None], mapped: frozenset[int]) -> Mapping[int, int]:
    """For operators that could be mapped but wait for one that can't: that one.

    It is the first on the way of those that are on record as refused, or else of those of which nothing is known. What
    is mapped keeps nothing waiting, whatever stands before it.
    """
    spoiled: dict[int, int] = {}
    blockers: dict[int, int] = {}
    for operator in subgraph.operators:
        found = objections[operator.index]
        if operator.index in mapped:
            continue
        causes = {spoiled[tensor] for tensor in operator.inputs if tensor in spoiled}
        refused = {index for index in causes if _is_certain(objections[index])}
        cause = min(refused or causes, default=None)
        if cause is not None and not _is_certain(found):
            blockers[operator.index] = cause
        elif found is not None:
            cause = operator.index
        if cause is not None:
            spoiled.update(dict.fromkeys(operator.outputs, cause))
    return blockers


def _blocker(objections: Sequence[Objection | None], index: int | None) -> tuple[int, bool] | None:
    """An operator that others wait for, and whether it is on record as refused."""
    return None if index is None else (index, _is_certain(objections[index]))


def _is_certain(found: Objection | None) -> bool:
    return found is not None and found.certain


def _placement(
    operator: Operator, found: Objection | None, mapped: tuple[bool, bool], blocker: tuple[int, bool] | None, macs: int
) -> OperatorPlacement:
    possible, certain = mapped
    if certain:
        placement, words, reason = Placement.MAPPED, status_words("mapped"), ""
    elif possible:
        placement, words = Placement.UNKNOWN, ""
        waits = f"it depends on operator {blocker[0]}, of which nothing is known" if blocker and not blocker[1] else ""
        reason = found.reason if found else waits or "where the first part for the Edge TPU begins is not known"
    elif found is None or not found.certain:
        placement, words = Placement.CPU, status_words("subgraph")
        waits = f"waits for operator {blocker[0]}, which stays on the CPU" if blocker else "lies behind a tensor of -i"
        reason = f"it could run there, but {waits}"
    else:
        placement, words, reason = Placement.CPU, status_words(found.status), found.reason
    return OperatorPlacement(
        index=operator.index,
        op=operator.label,
        placement=placement,
        status=words,
        reason=reason,
        cause=(found.limit or found.status) if found else "",
        blocked_by=blocker[0] if blocker and placement is not Placement.MAPPED else None,
        macs=macs,
    )
