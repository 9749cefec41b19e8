"""`model`: what a .tflite file is, and what the program that is to read it will make of it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor import probing, registry
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Outcome, ProbeResult
from envdoctor.core.model_report import AdviceReport, ModelReport, OperatorReport
from envdoctor.doctor._common import new_report
from envdoctor.doctor.compiled_file import inspect_compiled
from envdoctor.facts import Facts
from envdoctor.facts.model import ModelFacts, examine
from envdoctor.pipeline.sources.factory import is_python, split_factory
from envdoctor.pipeline.sources.onnx import looks_like_onnx
from envdoctor.pipeline.sources.unsupported import explain_folder, explain_known
from envdoctor.tflite.containers import FileKind, model_contents, read_models, sniff
from envdoctor.tflite.macs import multiply_adds
from envdoctor.tflite.readers import find_reader
from envdoctor.tflite.structure import called_subgraphs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.core.compiler import Compiler
    from envdoctor.core.finding import Finding
    from envdoctor.core.prediction import OperatorPlacement
    from envdoctor.core.report import Report
    from envdoctor.probing import Probe
    from envdoctor.tflite.model import Model, Operator, Subgraph

#: What is no .tflite file and yet a model, in words.
_SOURCES = {
    FileKind.KERAS: "a Keras model",
    FileKind.HDF5: "an HDF5 file, as Keras writes its models",
    FileKind.SAVED_MODEL: "a SavedModel",
    FileKind.EXPORTED_PROGRAM: "an exported PyTorch program",
}
#: The reader that a model can be run in here.
_INTERPRETER = "litert"
#: What is known of operators in other subgraphs than the first, where the compiler is not known to leave them.
_OTHER = "it is in another subgraph, of which the placement is not looked at"
#: What is kept of a name in a bundle, in characters.
_LONGEST = 60
_WORST_FIRST = (
    Outcome.CRASHED,
    Outcome.TIMED_OUT,
    Outcome.FAILED,
    Outcome.UNKNOWN,
    Outcome.SKIPPED,
    Outcome.PASSED,
    Outcome.DOES_NOT_APPLY,
)


def inspect_model(
    path: Path,
    *,
    goal: str = "",
    arguments: Sequence[str] = (),
    compare: Path | None = None,
    static: bool = True,
) -> Report:
    """Look into a model, or into every model of a bundle.

    Args:
        path: a .tflite file, or a bundle of some; or what a compiler made in a format of its own.
        goal: the program that is to read it, a name that `find_reader` takes; empty for LiteRT's interpreter, or for
            none where it is no .tflite file.
        arguments: what the compiler is called with, if that is the reader; its release is taken from the goal.
        compare: a log of the compiler, or the file it wrote, to hold the prediction against.
        static: False to run the model once, too, if the reader is an interpreter that is there.

    Raises:
        UsageProblem: an unknown goal, or the file or the log can't be read as what it should be.
    """
    named = inspect_compiled(path, goal)
    if named is not None:
        return named
    reader = find_reader(goal or _INTERPRETER)
    compiler = registry.compilers().get(reader.compiler)
    if compare is not None and (compiler is None or compiler.compare is None):
        raise UsageProblem(f"--compare is for a compiler that is predicted, which {reader.title} is not; leave it out.")
    try:
        models = read_models(path)
        examined = [(model, _compared(model, examine(model, reader, compiler, arguments), compare)) for model in models]
    except Unreadable as error:
        raise UsageProblem(_unread(path, error)) from error
    refusal: tuple[Finding, ...] = ()
    if compiler is not None and reader.accelerator and compiler.predict is None:
        examined, refusal = _tried(path, goal, compiler, examined)
    probes = [one for one in registry.probes() if one.topic == "model"]
    report = dataclasses.replace(
        new_report("model"),
        subject={"file": str(path), "for": reader.title},
        probes=_ask(probes, [facts for _, facts in examined]),
        models=tuple(_summary(model, facts) for model, facts in examined),
        ops=tuple(op for model, facts in examined for op in _operators(model, facts, several=len(models) > 1)),
    )
    if refusal:
        return dataclasses.replace(report, findings=refusal)
    runs = reader.name == _INTERPRETER and not static
    return _with_run(report, path) if runs and not any(facts.refused for _, facts in examined) else report


def _tried(
    path: Path, goal: str, compiler: Compiler, examined: Sequence[tuple[Model, ModelFacts]]
) -> tuple[list[tuple[Model, ModelFacts]], tuple[Finding, ...]]:
    """The facts with what the compiler itself makes of the model, or why that is not known; and what is wrong then."""
    from envdoctor.doctor.trial import Trial, try_compiler

    several = "the compiler is asked about a file with one model: unpack the bundle, and name one"
    known = len(examined) == 1 and not examined[0][1].refused
    if known:
        with _as_files(path) as files:
            trial = try_compiler(files[0], goal, compiler)
    else:
        trial = Trial(unasked=several if len(examined) > 1 else "")
    return [
        (model, dataclasses.replace(facts, placement=trial.placement, unplaced=trial.unplaced))
        for model, facts in examined
    ], trial.rest if trial.refusal is None else (trial.refusal,)


def _unread(path: Path, error: Unreadable) -> str:
    """Why nothing can be said of a file; of a source that is whole, what to do with it."""
    try:
        kind = sniff(path)
    except Unreadable:
        kind = FileKind.OTHER
    source = "an ONNX model" if looks_like_onnx(path) else _SOURCES.get(kind, "")
    if is_python(split_factory(path)[0]):
        source = "PyTorch code"
    unknown = kind in {FileKind.OTHER, FileKind.ZIP, FileKind.TORCH_ARCHIVE}
    known = explain_known(path, kind) if unknown and path.is_file() else None
    if source:
        return (
            f"{path} is {source}, which no compiler reads as it is: `envdoctor routes MODEL --to GOAL` tells "
            "the ways from there, and `envdoctor model FILE` then looks at what a build made."
        )
    if path.is_dir():
        return explain_folder(path)
    return known or f"{error}; name a whole file: a .tflite, a bundle of some, or what a compiler made."


def _with_run(report: Report, path: Path) -> Report:
    """The report with what comes of running each model once, or why that was not done."""
    from envdoctor.doctor.trial import try_interpreter

    with _as_files(path) as files:
        tried = [try_interpreter(file) for file in files]
    notes = dict.fromkeys((*report.notes, *(note for _, note in tried if note)))
    found = tuple(each for findings, _ in tried for each in findings)
    return dataclasses.replace(report, findings=(*report.findings, *found), notes=tuple(notes))


@contextlib.contextmanager
def _as_files(path: Path) -> Iterator[tuple[Path, ...]]:
    """Each model as a file of its own: a .tflite file as it is, those of a bundle in a folder that is thrown away."""
    if sniff(path) is not FileKind.BUNDLE:
        yield (path,)
        return
    with tempfile.TemporaryDirectory(prefix="envdoctor-bundle-") as folder:
        files = []
        for number, (name, data) in enumerate(model_contents(path).items()):
            plain = re.sub(r"[^\w.-]", "_", name.rpartition("/")[2])[-_LONGEST:].strip(".")
            file = Path(folder, str(number), plain or "model.tflite")
            file.parent.mkdir()
            file.write_bytes(data)
            files.append(file)
        yield tuple(files)


def _compared(model: Model, facts: ModelFacts, path: Path | None) -> ModelFacts:
    """The facts, with what a log of the compiler or its file says otherwise."""
    compiler = registry.compilers().get(facts.reader.compiler)
    if path is None or facts.placement is None or compiler is None or compiler.compare is None:
        return facts
    return dataclasses.replace(facts, disagreements=compiler.compare(facts.placement, model, path))


def _ask(probes: Sequence[Probe], models: Sequence[ModelFacts]) -> tuple[ProbeResult, ...]:
    """Ask every probe about every model; what comes of one probe is one result, the worst outcome its own."""
    merged: dict[str, ProbeResult] = {}
    for model in models:
        for result in probing.run_probes(probes, Facts(model=model)):
            before = merged.get(result.code)
            merged[result.code] = result if before is None else _merge(before, result)
    return tuple(merged[code] for code in sorted(merged))


def _merge(one: ProbeResult, other: ProbeResult) -> ProbeResult:
    worse = min((one, other), key=lambda result: _WORST_FIRST.index(result.outcome))
    return dataclasses.replace(worse, findings=one.findings + other.findings, seconds=one.seconds + other.seconds)


def _summary(model: Model, facts: ModelFacts) -> ModelReport:
    placement = facts.placement
    report = ModelReport(
        name=model.name,
        reader=facts.reader.title,
        scheme=facts.scheme.value,
        inputs=_described(model.main, model.main.inputs),
        outputs=_described(model.main, model.main.outputs),
        operators=sum(len(subgraph.operators) for subgraph in model.subgraphs),
        refused=facts.refused,
        needs={} if facts.estimate is None else facts.estimate.needs,
        compiled=_compiled(facts),
    )
    if placement is None:
        return report
    if facts.refused:
        return dataclasses.replace(report, mapped=0, mapped_macs=0.0)
    quantized = facts.scheme.value in facts.reader.schemes  # before it is, no other change brings anything
    return dataclasses.replace(
        report,
        mapped=len(placement.mapped),
        unknown=sum(op.placement.value == "UNKNOWN" for op in placement.ops),
        mapped_macs=placement.mapped_macs,
        all_subgraphs=facts.guidance.all_subgraphs,
        cut=facts.guidance.cut,
        advice=tuple(AdviceReport(**dataclasses.asdict(advice)) for advice in facts.guidance.advice if quantized),
    )


def _compiled(facts: ModelFacts) -> str:
    made = facts.compiled
    return "" if made is None else f"{made.words}: {made.packages} x {made.custom_code}"


def _described(subgraph: Subgraph, indexes: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{subgraph.tensors[index].dtype} {list(subgraph.tensors[index].shape)}" for index in indexes)


def _operators(model: Model, facts: ModelFacts, *, several: bool) -> tuple[OperatorReport, ...]:
    """The operators of every subgraph that is called, the first one's as they are placed."""
    name = model.name.rpartition("!")[2] if several else ""
    called = [model.subgraphs[index] for index in called_subgraphs(model)]
    if facts.placement is None:
        return tuple(_operator(subgraph, operator, name) for subgraph in called for operator in subgraph.operators)
    known = facts.placement.others
    where, why = ("CPU", known) if known else ("UNKNOWN", _OTHER)
    others = tuple(
        dataclasses.replace(_operator(subgraph, operator, name), placement=where, reason=why, cause="subgraph")
        for subgraph in called
        for operator in subgraph.operators
        if subgraph is not model.main
    )
    refusal = f"{facts.reader.title} refuses the model: {', '.join(facts.refused)}"
    if facts.refused:
        others = tuple(dataclasses.replace(op, placement="CPU", reason=refusal, cause="") for op in others)
    return tuple(_placed(op, name, refusal if facts.refused else "") for op in facts.placement.ops) + others


def _operator(subgraph: Subgraph, operator: Operator, name: str) -> OperatorReport:
    macs = multiply_adds(subgraph, operator)
    return OperatorReport(index=operator.index, op=operator.label, macs=macs, model=name, subgraph=subgraph.index)


def _placed(op: OperatorPlacement, name: str, refusal: str) -> OperatorReport:
    if refusal:
        return OperatorReport(index=op.index, op=op.op, placement="CPU", reason=refusal, macs=op.macs, model=name)
    return OperatorReport(
        index=op.index,
        op=op.op,
        placement=op.placement.value,
        status=op.status,
        reason=op.reason,
        cause=op.cause,
        blocked_by=op.blocked_by,
        macs=op.macs,
        model=name,
    )
