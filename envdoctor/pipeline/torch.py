"""What the actions that start from PyTorch have in common."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.core.exported_graph import ExportedGraph
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.pipeline.sources import onnx, pt2
from envdoctor.stages.conversion import SAMPLE_OPTIONS, convert, sample_options
from envdoctor.stages.problems import Scope, problem_kinds, shared_by
from envdoctor.stages.processes import run_worker
from envdoctor.stages.requirements import needs_operators
from envdoctor.stages.torch import with_components, worker_request
from envdoctor.stages.workers import onnx_floats, onnx_recurrent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from envdoctor.action import Requirement, StageContext
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

OPTIONS = SAMPLE_OPTIONS | {"trust_code", "inputs", "keep_layout"}
_SHOWN = 5
#: The file for what a graph holds, which outlives a worker that fails later.
_GRAPH = "graph.json"
#: Kinds that only a file with composites leads to.
_NEEDS_COMPOSITES = frozenset({"tflite-custom-ops"})


def convert_with_torch(context: StageContext, *, composites: bool = False) -> StageOutput:
    """Run the PyTorch worker; a failure shows how far the model got.

    Args:
        context: the stage's.
        composites: True to keep operators of the model's own as composites.

    Raises:
        StageFailed: it failed.
    """
    goal = context.request.goal
    request = worker_request(context) | {
        "keep_layout": context.request.options.keep_layout,
        "graph": context.folder / _GRAPH,
        "composites": composites or (goal is not None and goal.kind in _NEEDS_COMPOSITES),
    }
    try:
        return convert(context, "torch_convert", "float", request)
    except StageFailed as failure:
        graph = _read_graph(context.folder / _GRAPH)
        learnt = {"graph": graph} if graph and context.source.kind == ArtifactKind.TORCH else None
        raise with_components(failure, context.folder / "components.json", learnt) from None


def _read_graph(file: Path) -> dict[str, Any]:
    """What a worker that failed later wrote of the exported graph; nothing if it did not come to that."""
    try:
        graph: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return graph


def export_only(context: StageContext) -> ExportedGraph:
    """Export a factory's model, and nothing else; a failure is part of the answer."""
    request = worker_request(context) | sample_options(context)
    try:
        told = run_worker(context, "torch_graph", request | {"source": context.source.path.resolve()})
    except StageFailed as failure:
        return ExportedGraph(problem=with_components(failure, context.folder / "components.json").finding)
    return parse_graph(told)


def parse_graph(told: Mapping[str, Any]) -> ExportedGraph:
    """The graph that a worker tells of."""
    return ExportedGraph(
        own=told.get("own", {}),
        opaque=tuple(told.get("opaque", ())),
        control_flow=tuple(told.get("control_flow", ())),
        sizes_of_values=tuple(told.get("sizes_of_values", ())),
        called=tuple(told.get("called", ())),
    )


def was_exported(_: Facts, request: Request) -> Iterator[Reason]:
    """The export that failed, where it was tried: of a fault that is the model's own, nothing comes from there."""
    found = None if request.graph is None else request.graph.problem
    if found is not None:
        certain = shared_by(found) is Scope.MODEL
        verdict = Verdict.BLOCKED if certain else Verdict.UNKNOWN
        yield Reason(verdict=verdict, text=found.message.rstrip("."), fix=found.fix, code=found.code)


def keeps_no_composites(_: Facts, request: Request) -> Iterator[Reason]:
    """What leads to CUSTOM operators goes by composites, and a form in between that has none loses them."""
    if request.goal is not None and request.goal.kind in _NEEDS_COMPOSITES:
        text = "ONNX has no composites: operators of the model's own are written out of standard ones there"
        yield Reason(verdict=Verdict.BLOCKED, text=text, code=problem_kinds()["no-custom-operators"].code)


def has_lowerings(_: Facts, request: Request, *, composites: bool = False) -> Iterator[Reason]:
    """What litert-torch has no form of, told from the exported graph; and what becomes of the model's own operators."""
    composites = composites or (request.goal is not None and request.goal.kind in _NEEDS_COMPOSITES)
    graph = request.graph or _graph_of_archive(request)
    if graph is None:
        return
    for verdict, names, words, problem in (
        (Verdict.BLOCKED, graph.control_flow, "litert-torch can't convert {}", "torch-lowering-missing"),
        (Verdict.BLOCKED, graph.opaque, "the operator {} has no body that can be traced", "torch-lowering-missing"),
        (Verdict.UNKNOWN, graph.sizes_of_values, "the values decide a size that {} gives", "torch-depends-on-values"),
    ):
        if names:
            kind = problem_kinds()[problem]
            text = words.format(", ".join(names[:_SHOWN]))
            yield Reason(verdict=verdict, text=text, fix=Fix(text=kind.fix), code=kind.code)
    for name, words in graph.own.items():
        if name not in graph.opaque:
            becomes = "kept as a composite" if composites and "written out" in words else words
            yield Reason(verdict=Verdict.READY, text=f"the operator {name} is {becomes}")


def _graph_of_archive(request: Request) -> ExportedGraph | None:
    """What an archive of torch.export.save tells of its graph; None for any other source."""
    source = request.source
    if source is None or source.kind != ArtifactKind.PT2:
        return None
    known = frozenset(load_table("torch-operators")["without_lowering"])
    try:
        operators = pt2.read_pt2(source.path).operators
    except Unreadable:  # its stage says why
        return None
    names = [name for name in operators if known & {name, name.rpartition(".")[0]}]
    return ExportedGraph(control_flow=tuple(name.removeprefix("torch.ops.") for name in names))


def known_operators(tool: str, problem: str) -> Requirement:
    """Operators of an ONNX model that a tool has no form of.

    Args:
        tool: a list of data/onnx-operators.toml.
        problem: the name of the problem that it would end with.
    """

    def requirement(_: Facts, request: Request) -> Iterator[Reason]:
        source = request.source
        if source is None or source.kind != ArtifactKind.ONNX:
            return
        known: list[str] = load_table("onnx-operators")[tool]
        operators = onnx.read_onnx(source.path, source.given).operators
        if operators & onnx_floats.WRITTEN:
            text = "the model is quantized already: that is taken out, and what is built calibrated anew"
            yield Reason(verdict=Verdict.READY, text=text, code=problem_kinds()["quantization-taken-out"].code)
        unknown = sorted(operators.difference(known, onnx_floats.WRITTEN, onnx_recurrent.WRITTEN))
        if unknown:
            kind = problem_kinds()[problem]
            text = f"{tool} can't convert {', '.join(unknown[:_SHOWN])}"
            yield Reason(verdict=Verdict.BLOCKED, text=text, fix=Fix(text=_advice(unknown) or kind.fix), code=kind.code)

    return requirement


def _advice(operators: Sequence[str]) -> str:
    """What to do about operators of ONNX that have no form; empty where nothing better than the usual is known."""
    rows: list[dict[str, Any]] = load_table("onnx-operators")["advice"]
    return next((row["fix"] for row in rows for one in row["operators"] if fnmatch.filter(operators, one)), "")


#: What of the model decides whether litert-torch converts it.
OF_THE_MODEL = (was_exported, needs_operators, has_lowerings, known_operators("onnx2torch", "onnx-operator-unknown"))
