"""Operators that a source is known to become, held against what reads or runs the file that is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.artifact import STAYS_FLOAT, ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.stages.problems import problem_kinds
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import find_reader, reads_tflite

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from envdoctor.action import Requirement
    from envdoctor.core.artifact import Artifact
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

_TFLITE = frozenset({ArtifactKind.TFLITE_FLOAT, ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8})
#: What `mend` and the stages that prepare a file write in another form.
REWRITTEN = frozenset({"SELECT", "DENSIFY"})


def traits_of_calls(kind: str, names: Iterable[str]) -> frozenset[str]:
    """The traits of a model that calls functions of PyTorch (kind `torch`) or has operators of ONNX (`onnx`)."""
    table = load_table("stays-float")[kind]
    plain = (name.removeprefix("torch.ops.") for name in names)
    keys = (name.rpartition(".")[0] if name.startswith("aten.") else name for name in plain)
    return frozenset(f"{STAYS_FLOAT}{one}" for key in keys for one in table.get(key, "").split())


def named_operators(request: Request) -> frozenset[str]:
    """The TensorFlow Lite operators that a source is known to become, of those that some tool or reader minds."""
    traits = frozenset() if request.source is None else request.source.traits
    if request.graph is not None:
        traits |= traits_of_calls("torch", request.graph.called)
    return frozenset(one.removeprefix(STAYS_FLOAT) for one in traits if one.startswith(STAYS_FLOAT))


def refused_as_written(request: Request, way: str) -> Iterator[Reason]:
    """Operators that a conversion to int8 writes in a version that the goal's compiler refuses."""
    goal, written = request.goal, load_table("stays-float")["written"][way]
    if goal is None or not reads_tflite(goal.name):
        return
    reader, names = find_reader(goal.name), named_operators(request)
    refused = {name: version for name, version in written.items() if name in names}
    refused = {name: version for name, version in refused.items() if reader.reads(name, version) is False}
    if refused:
        advice = load_table("operator-versions")["advice"]
        ways = "; or ".join(dict.fromkeys(advice.get(name, advice["default"]) for name in sorted(refused)))
        told = ", ".join(f"{name} version {version}" for name, version in sorted(refused.items()))
        yield Reason(
            verdict=Verdict.UNKNOWN,
            text=f"{reader.title} refuses {told}, which this conversion writes",
            fix=Fix(text=f"{ways[0].upper()}{ways[1:]}."),
            code=problem_kinds()["operator-version-too-new"].code,
        )


def runs_in_litert(_: Facts, request: Request) -> Iterator[Reason]:
    """Operators that a conversion writes and LiteRT has no kernel for: what it made is run there at once."""
    reader = find_reader("litert")
    lacking = sorted(name for name in named_operators(request) if reader.reads(name, 1) is False)
    if lacking:
        yield Reason(
            verdict=Verdict.UNKNOWN,
            text=f"{reader.title} has no {', '.join(lacking)}, which this conversion writes",
            fix=Fix(text="Leave it out of the model and compute it in your program, on the model's outputs."),
        )


def rest_runs(taken: Collection[str]) -> Requirement:
    """What the goal's compiler leaves to the CPU needs a kernel in one of the programs that run it there.

    Args:
        taken: operators that the compiler takes, at least in some forms, of those that such a program lacks.
    """

    def requirement(_: Facts, request: Request) -> Iterator[Reason]:
        source, goal = request.source, request.goal
        if source is None or goal is None or not goal.runtimes:
            return
        lacking = frozenset.intersection(*(find_reader(name).lacks for name in goal.runtimes))
        left = sorted(_operators(request, source) & lacking - frozenset(taken) - REWRITTEN)
        if left:
            kind = problem_kinds()["runtime-refuses-rest"]
            title = find_reader(goal.runtimes[0]).title
            yield Reason(
                verdict=Verdict.UNKNOWN,
                text=f"{', '.join(left)} would be left to the CPU, where {title} has no kernel for it",
                fix=Fix(text=kind.fix),
                code=kind.code,
            )

    return requirement


def _operators(request: Request, source: Artifact) -> frozenset[str]:
    """Operators that a source is known to become; of a .tflite file, all that compute from what it is given."""
    if source.kind not in _TFLITE:
        return named_operators(request)
    try:
        main = read_model(source.path).main
    except (Unreadable, OSError):  # its stage says why
        return frozenset()
    return frozenset(one.name for one in main.operators if any(not tensor.constant for tensor in main.taken(one)))
