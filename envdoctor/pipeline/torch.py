"""What the actions that start from PyTorch have in common."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import FactUnavailable, NetworkProblem, Unreadable
from envdoctor.core.finding import Evidence, Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.environments.cache import open_cache
from envdoctor.environments.making import own_python, prefix_of
from envdoctor.environments.own import unmet
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State
from envdoctor.facts.environments import own_environment
from envdoctor.index.access import Access, open_index
from envdoctor.index.settings import load_settings
from envdoctor.pipeline.sources import model_inputs, onnx, pt2
from envdoctor.stages.conversion import SAMPLE_OPTIONS, convert
from envdoctor.stages.problems import finding, problem_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.action import StageContext
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts

OPTIONS = SAMPLE_OPTIONS | {"trust_code", "inputs", "keep_layout"}
_SHOWN = 5
#: Kinds that only a file with composites leads to.
_NEEDS_COMPOSITES = frozenset({"tflite-custom-ops"})
_CPU_BUILD = re.compile(r"^torch==(\S+\+cpu)\b", re.MULTILINE)


def convert_with_torch(context: StageContext, *, composites: bool = False) -> StageOutput:
    """Run the PyTorch worker; a failure shows how far the model got.

    Args:
        context: the stage's.
        composites: True to keep operators of the model's own as composites.

    Raises:
        StageFailed: it failed.
    """
    source = context.source
    _refuse_program(context)
    goal = context.request.goal
    inputs = model_inputs(source) or ()
    status = context.folder / "components.json"
    request = {
        "factory": source.factory,
        "kind": source.kind,
        "inputs": [[spec.name, spec.shape, spec.dtype] for spec in inputs],
        "keep_layout": context.request.options.keep_layout,
        "composites": composites or (goal is not None and goal.kind in _NEEDS_COMPOSITES),
        "components": status,
    }
    try:
        return convert(context, "torch_convert", "float", request)
    except StageFailed as failure:
        raise StageFailed(_with_components(failure, status)) from None


def _with_components(failure: StageFailed, status: Path) -> Any:  # noqa: ANN401
    found = failure.finding
    rows = tuple(Evidence(source=str(row["component"]), excerpt=_row(row)) for row in _rows(status))
    return dataclasses.replace(found, evidence=(*found.evidence, *rows))


def _row(row: Mapping[str, Any]) -> str:
    if row["status"] == "running":
        return "not finished"
    words = ", ".join((row["status"], *([f"{row['seconds']} s"] if "seconds" in row else [])))
    return f"{words}: {row['error']}" if "error" in row else words


def _rows(status: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = json.loads(status.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return rows


def _refuse_program(context: StageContext) -> None:
    """Look at an archive again as it is now, before it is loaded.

    Raises:
        StageFailed: loading it would do what is not trusted.
    """
    if context.source.kind != ArtifactKind.PT2 or context.request.options.trust_code:
        return
    path = context.source.path
    try:
        code = pt2.read_pt2(path).code
    except Unreadable as error:
        code = (str(error),)
    if code:
        words = f"{path.name} holds {'; '.join(code)}: loading or running it would do that, so it was not loaded."
        raise StageFailed(finding("code-not-trusted", path.name, words=words))


def tell_code(request: Request, place: str, executor: Executor) -> Mapping[str, str] | None:
    """Nothing of a program, but of a factory: what it imports and reads can't be told, so no result is used again."""
    del place, executor
    return None if request.source is not None and request.source.kind == ArtifactKind.TORCH else {}


def needs_cpu_build(facts: Facts, request: Request) -> Iterator[Reason]:
    """On Linux, the build of PyTorch without CUDA is on no main index: whether the user's own places offer it."""
    if cpu_build_is_there(facts, request):
        return
    yield Reason(
        verdict=Verdict.BLOCKED,
        text=f"neither pip's indexes nor its find-links offer torch {_cpu_version()}, the build without CUDA",
        fix=Fix(text="Add the index of CPU builds that pytorch.org names to pip's extra-index-url."),
    )


def converted_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """Operators of an ONNX model that onnx2torch has no converter for."""
    source = request.source
    if source is None or source.kind != ArtifactKind.ONNX:
        return
    known: list[str] = load_table("onnx-operators")["onnx2torch"]
    unknown = sorted(onnx.read_onnx(source.path, source.given).operators.difference(known))
    if unknown:
        kind = problem_kinds()["onnx-operator-unknown"]
        text = f"onnx2torch has no form of {', '.join(unknown[:_SHOWN])}"
        yield Reason(verdict=Verdict.BLOCKED, text=text, fix=Fix(text=kind.fix), code=kind.code)


def cpu_build_is_there(facts: Facts, request: Request) -> bool:
    """True if the environment `torch` is made, not needed, or can be made from where pip looks.

    Raises:
        FactUnavailable: an index did not answer.
    """
    spec, own = environment_spec("torch"), own_environment(facts)
    served = own is not None and not unmet(spec, own.distributions)
    if facts.host.system != "linux" or served or facts.environments.status("torch").state is State.MADE:
        return True
    settings = load_settings(prefix=prefix_of(own_python(request)))
    cache = open_cache(request)
    client = open_index(settings, cache.root / "index" if cache.writable else None, Access(offline=request.offline))
    try:
        files = client.project("torch").files
    except (NetworkProblem, Unreadable) as error:
        raise FactUnavailable("index", str(error)) from None
    return any(file.version == _cpu_version() for file in files)


def _cpu_version() -> str:
    match = _CPU_BUILD.search(environment_spec("torch").lock.read_text("utf-8"))
    if match is None:
        raise FactUnavailable("environments", "the environment torch names no CPU build")
    return match[1]
