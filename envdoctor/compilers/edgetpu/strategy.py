"""Compiles a model, and knows what to try when the compiler says no.

Too large activations or a time-out: a longer limit, then the compiler's own search for a part that it can compile. An
internal error: shorter and shorter beginnings of the graph, until the operator is found that breaks it.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.failures import INTERNAL, explain
from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.result import FailureKind, Outcome
from envdoctor.core.finding import Evidence
from envdoctor.stages.problems import finding
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from envdoctor.compilers.edgetpu.result import CompilerLog
    from envdoctor.compilers.edgetpu.running import Bench, CompilerRun
    from envdoctor.core.finding import Finding
    from envdoctor.tflite.model import Operator, Subgraph

#: The first compiler with --timeout_sec and --search_delegate.
_SEARCHES = 16
_LONGER_SECONDS = 1800
#: Parts that a search may try, and runs that tracing an internal error may take.
_MOST_PARTS = 20
_MOST_RUNS = 10
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What came of compiling.

    Attributes:
        run: the run that succeeded.
        log: what it printed, read.
        findings: what had to be done for it.
    """

    run: CompilerRun
    log: CompilerLog
    findings: tuple[Finding, ...] = ()


def compile_model(bench: Bench, options: Sequence[str], model: str) -> Compiled:
    """Compile, with second attempts where they can help.

    Args:
        bench: where the compiler runs.
        options: for the compiler, the user's own among them.
        model: the name of the model's file in the bench's folder.

    Raises:
        StageFailed: it does not compile; the finding says why.
    """
    run, log = _try(bench, [*options, model])
    if log.outcome is not Outcome.FAILED and run.result.ok:
        return Compiled(run=run, log=log)
    cause = log.cause.kind if log.cause else None
    for more, problem in _second_attempts(bench, options, model, log):
        again, said = _try(bench, [*options, *more, model])
        if said.outcome is not Outcome.FAILED and again.result.ok:
            evidence = (Evidence(source=str(bench.context.log), excerpt=log.cause.line if log.cause else ""),)
            return Compiled(run=again, log=said, findings=(finding(problem, model, evidence, words=" ".join(more)),))
    blamed = ""
    if (cause in INTERNAL or run.result.signal) and not run.result.ended:
        blamed = trace(bench, options, model, limit=run.result.seconds * 3 + _PATIENCE)
    raise explain(bench.context, run, blamed)


def _try(bench: Bench, arguments: Sequence[str]) -> tuple[CompilerRun, CompilerLog]:
    run = bench.run(arguments)
    return run, parse_log(run.printed)


def _second_attempts(
    bench: Bench, options: Sequence[str], model: str, log: CompilerLog
) -> list[tuple[tuple[str, ...], str]]:
    """More options that may help against this failure, each with the name of the problem that using them is."""
    cause = log.cause.kind if log.cause else None
    if cause not in {FailureKind.TIMEOUT, FailureKind.LARGE_ACTIVATIONS} or _major(log) < _SEARCHES:
        return []
    attempts: list[tuple[tuple[str, ...], str]] = []
    limit = int(min(_LONGER_SECONDS, bench.context.request.options.stage_timeout))
    longer = ("--timeout_sec", str(limit))
    if cause is FailureKind.TIMEOUT and not _given(options, "--timeout_sec"):
        attempts.append((longer, "edgetpu-took-longer"))
    if not _given(options, "-d", "--search_delegate"):
        count = len(_graph(bench, model).operators)
        step = ("-k", str(max(1, count // _MOST_PARTS)))
        more = () if _given(options, "--timeout_sec") or cause is not FailureKind.TIMEOUT else longer
        attempts.append((("-d", *step, *more), "edgetpu-searched"))
    return attempts


def _given(options: Sequence[str], *names: str) -> bool:
    return any(option.partition("=")[0] in names for option in options)


def _major(log: CompilerLog) -> int:
    number = (log.version or "").partition(".")[0]
    return int(number) if number.isdecimal() else 0


def trace(bench: Bench, options: Sequence[str], model: str, *, limit: float) -> str:
    """Find the operator that breaks the compiler, by compiling beginnings of the graph (`-i`).

    Returns:
        `operator 17 (CONV_2D, tensor x)`, or a range where the graph can't be cut in between or the runs did not
        suffice; empty if it can't be cut at all.
    """
    graph = _graph(bench, model)
    cuts = clean_cuts(graph)
    if _given(options, "-i", "--intermediate_tensors") or not cuts:
        return ""
    counts = [0, *cuts, len(graph.operators)]
    good, bad = 0, len(counts) - 1
    for _ in range(_MOST_RUNS):
        if bad - good <= 1:
            break
        middle = (good + bad) // 2
        run = bench.run([*options, "-i", ",".join(cuts[counts[middle]]), model], timeout=limit)
        compiled = run.result.ok and parse_log(run.printed).outcome is not Outcome.FAILED
        good, bad = (middle, bad) if compiled else (good, middle)
    return _name(graph, graph.operators[counts[good] : counts[bad]])


def _graph(bench: Bench, model: str) -> Subgraph:
    return read_model(bench.folder / model).main


def clean_cuts(graph: Subgraph) -> dict[int, tuple[str, ...]]:
    """Where the graph can be cut in two by tensor names: how many operators come before, and the tensors between.

    The compiler leaves out every operator behind a tensor that `-i` names. So a cut must not name one that an operator
    before it takes, as a shortcut around a block is; names with a comma can't be given.
    """
    first: dict[int, int] = {}
    last = dict.fromkeys(graph.outputs, len(graph.operators))
    for place, operator in enumerate(graph.operators):
        for tensor in operator.inputs:
            first.setdefault(tensor, place)
            last[tensor] = max(last.get(tensor, 0), place)
    found: dict[int, tuple[str, ...]] = {}
    open_tensors: set[int] = set()
    for count, operator in enumerate(graph.operators[:-1], start=1):
        open_tensors |= set(operator.outputs)
        open_tensors = {tensor for tensor in open_tensors if last.get(tensor, -1) >= count}
        names = tuple(graph.tensors[tensor].name for tensor in sorted(open_tensors))
        clean = all(first.get(tensor, count) >= count for tensor in open_tensors)
        if names and clean and all(name and "," not in name for name in names):
            found[count] = names
    return found


def _name(graph: Subgraph, operators: Sequence[Operator]) -> str:
    first, last = operators[0], operators[-1]
    if first is last:
        return f"operator {first.index} ({first.label}, tensor {graph.tensors[first.outputs[0]].name})"
    labels = ", ".join(dict.fromkeys(operator.label for operator in operators))
    return f"one of the operators {first.index} to {last.index} ({labels})"
