"""A .tflite file -> the same, proven in TensorFlow Lite Micro's interpreter, and as C sources for a firmware."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.compilers.tflm.estimate import estimate
from envdoctor.compilers.tflm.firmware import write_sources
from envdoctor.compilers.tflm.forms import taken_forms
from envdoctor.compilers.tflm.gate import hold
from envdoctor.compilers.tflm.refusals import crash, kind_of, refusal, with_all
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import load_file, load_table
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem, Unreadable
from envdoctor.core.finding import Evidence, Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.foreseen import REWRITTEN, named_operators
from envdoctor.stages.problems import finding, problem_kinds
from envdoctor.stages.processes import run_worker
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.stages.problems import ProblemKind

_TABLE = Path(__file__).with_name("operators.toml")
_WORKERS = Path(__file__).resolve().parent / "workers"
_LITERT = "litert"
#: How the interpreter's process can end by itself, so that what it printed last is the reason.
_ENDED = frozenset({"stage-crashed", "stage-failed"})
_SAID = 600
_INTEGERS = frozenset({ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8})
_FLOATS = frozenset({ArtifactKind.TFLITE_FLOAT})
#: How Python's own account of a crash begins, behind what the interpreter said.
_DUMP = "Fatal Python error"


def run(context: StageContext) -> StageOutput:
    """Run the model in TensorFlow Lite Micro and in LiteRT; the file itself is not changed.

    Raises:
        StageFailed: it can't be read, or TensorFlow Lite Micro does not run it.
    """
    source = context.source.path.resolve()
    try:
        model = read_model(source)
    except Unreadable as error:
        evidence = (Evidence(source=str(source), excerpt=str(error)),)
        raise StageFailed(finding("model-refused", source.name, evidence, words=f"{error}.")) from None
    samples = context.folder / "tflm-samples.npz"
    try:
        measured = _measure(context, source, samples)
    except StageFailed as error:
        raise StageFailed(with_all(error.finding, estimate(model).refused)) from None
    compared = _compare(context, source, samples)
    stem = _stem(context)
    made = context.folder / f"{stem}_tflm.tflite"
    shutil.copyfile(source, made)
    files, snippet = write_sources(context.folder, stem, source, model)
    summary = {
        "arena": {
            "bytes_needed": measured["smallest"],
            "bytes_used": measured["used"],
            "bytes_of_tensors_and_scratch": measured["head"],
            "bytes_kept_throughout": measured["tail"],
        },
        "flash": {"bytes_of_model": source.stat().st_size, "not_counted": "the interpreter, its kernels, the firmware"},
        "sources": ", ".join(file.name for file in files),
        "allocations": "\n".join(measured["allocations"]),
        "register": snippet,
        "litert": compared,
    }
    return StageOutput(path=made, files=files, summary=summary)


def _measure(context: StageContext, source: Path, samples: Path) -> Mapping[str, Any]:
    """What the interpreter says of the model; see the worker `run_micro`."""
    said = context.folder / "tflm-said.txt"
    request = {"model": source, "said": said, "samples": samples}
    try:
        measured: Mapping[str, Any] = run_worker(context, _WORKERS / "run_micro.py", request)
    except StageFailed as error:
        if error.finding.name not in _ENDED or not said.is_file():
            raise
        words = said.read_text("utf-8", "replace").partition(_DUMP)[0]
        raise StageFailed(crash(" ".join(words.split())[:_SAID], error.finding, context.source.path.name)) from None
    if measured["refused"]:
        raise StageFailed(refusal(measured["refused"], context.source.path.name))
    return measured


def _compare(context: StageContext, source: Path, samples: Path) -> Mapping[str, Any]:
    """How far LiteRT's reference kernels are from it, or `unknown`: why that is not known; see the worker."""
    try:
        python = context.interpreter(_LITERT)
        request = {"model": source, "samples": samples}
        compared: Mapping[str, Any] = run_worker(context, _WORKERS / "run_litert.py", request, python)
    except (EnvironmentProblem, NetworkProblem) as error:
        return {"unknown": f"LiteRT could not be installed: {error}"}
    except StageFailed as error:
        return {"unknown": error.finding.message}
    if compared["refused"]:
        return {"unknown": f"LiteRT does not run it: {compared['refused']}"}
    return {"outputs": compared["outputs"]}


def knows_operators(
    _: Facts, request: Request, *, kinds: frozenset[str] = _INTEGERS, mended: frozenset[str] = REWRITTEN
) -> Iterator[Reason]:
    """Operators that it is known to refuse: a file's own, or those that another source is known to become in int8.

    Args:
        request: the source.
        kinds: of the files that are run as they are.
        mended: operators of theirs that are written in another form before.
    """
    source = request.source
    if source is None or (source.kind == ArtifactKind.TFLITE_FLOAT and source.kind not in kinds):
        return  # what a float file becomes depends on the route
    if "dynamic-shapes" in source.traits:
        return  # they are mended first
    if source.kind in kinds:
        refused = _refused_of_file(source, mended)
    else:
        refused = dict.fromkeys(_refused_by_name(request), problem_kinds()["tflm-operator-missing"])
    if refused:
        kind = next(iter(refused.values()))
        text = f"TensorFlow Lite Micro is known to refuse {', '.join(refused)}"
        yield Reason(verdict=Verdict.UNKNOWN, text=text, fix=Fix(text=kind.fix), code=kind.code)


def fits(_: Facts, request: Request, *, kinds: frozenset[str]) -> Iterator[Reason]:
    """What a file that is run as it is, is predicted to need, held against the limits; of others that is not known."""
    source, options = request.source, request.options
    limits = {name: limit for name in sorted(_OPTIONS) if (limit := getattr(options, name)) is not None}
    if source is None or not limits or source.kind not in kinds:
        return
    try:
        found = tuple(hold(estimate(read_model(source.path)), source.path, limits))
    except (Unreadable, OSError):  # its stage says why
        return
    for one in found:
        yield Reason(verdict=Verdict.UNKNOWN, text=one.message.rstrip("."), fix=one.fix, code=one.code)


def _refused_of_file(source: Artifact, mended: frozenset[str]) -> dict[str, ProblemKind]:
    """The operators of a file that are refused, each with the problem that it is."""
    try:
        refused = estimate(read_model(source.path)).refused
    except (Unreadable, OSError):  # its stage says why
        return {}
    labels = {words.partition(":")[0].partition(", ")[2]: kind_of(words) for words in refused}
    return {label: kind for label, kind in labels.items() if not mended & set(label.split())}


def _refused_by_name(request: Request) -> list[str]:
    """Operators without a kernel, and those that are written in int8 and have one for floats alone."""
    table, written = load_file(_TABLE), load_table("stays-float")["written"]["tensorflow"]
    floats = {name for name in written if not any("INT8" in form for form in taken_forms(name))}
    return sorted(named_operators(request) & (floats | set(table["lacking"])) - REWRITTEN)


def _stem(context: StageContext) -> str:
    """What files are called after: the source of the whole route."""
    source = context.request.source or context.source
    return source.path.stem.removesuffix("_float").removesuffix("_int8")


def _is_tflite(source: Artifact) -> bool:
    return source.kind == ArtifactKind.TFLITE_FLOAT


_OPTIONS = frozenset({"arena", "flash"})
ACTIONS = (
    Action(
        name="tflm",
        title="run in TensorFlow Lite Micro and measure the arena",
        consumes=_INTEGERS,
        produces="tflm-tflite",
        run=run,
        environment="tflm",
        requires=(needs_environment("tflm"), knows_operators, functools.partial(fits, kinds=_INTEGERS)),
        goals=frozenset({"tflm"}),
        options=_OPTIONS,
        cost=2.0,
    ),
    Action(
        name="tflm-as-it-is",
        title="run the file as it is in TensorFlow Lite Micro and measure the arena",
        consumes=_FLOATS,
        produces="tflm-tflite",
        run=run,
        environment="tflm",
        requires=(
            needs_environment("tflm"),
            functools.partial(knows_operators, kinds=_FLOATS, mended=frozenset()),
            functools.partial(fits, kinds=_FLOATS),
        ),
        applies=_is_tflite,
        goals=frozenset({"tflm"}),
        options=_OPTIONS,
        cost=2.0,
    ),
)
