"""What stages that start from PyTorch have in common: the build without CUDA, code in archives, and progress."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageFailed
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import FactUnavailable, NetworkProblem, Unreadable
from envdoctor.core.finding import Evidence, Finding, Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.environments.cache import open_cache
from envdoctor.environments.making import own_python, prefix_of
from envdoctor.environments.own import unmet
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State
from envdoctor.facts.environments import own_environment
from envdoctor.index.access import Access, open_index
from envdoctor.index.settings import load_settings
from envdoctor.stages.conversion import inputs_of
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.action import Requirement, StageContext
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts

#: Steps that are the model's own code, and what a process that ends in one of them failed at.
_OWN_CODE = {"model": "torch-factory-failed", "run in PyTorch": "torch-model-refused"}
#: How such a process ends: by itself, or by a limit or a signal, of which the finding has words of its own.
_ENDED = {
    "stage-failed": False,
    **dict.fromkeys(("stage-out-of-time", "stage-out-of-memory", "stage-out-of-memory-killed", "stage-crashed"), True),
}
_CPU_BUILD = re.compile(r"^torch==(\S+\+cpu)\b", re.MULTILINE)


def worker_request(context: StageContext) -> dict[str, object]:
    """What a worker that loads the stage's source with PyTorch takes to find it; see `workers.torch_source`.

    Raises:
        StageFailed: loading it would do what is not trusted.
    """
    _refuse_code(context)
    return {
        "factory": context.source.factory,
        "kind": context.source.kind,
        "inputs": inputs_of(context),
        "trust_code": context.request.options.trust_code,
        "components": context.folder / "components.json",
    }


def with_components(failure: StageFailed, status: Path, learnt: Mapping[str, object] | None = None) -> StageFailed:
    """The failure of a worker, with how far the model got: the rows that the worker wrote down."""
    known = _rows(status)
    found = _of_own_code(failure.finding, known[-1]) if known else failure.finding
    rows = tuple(Evidence(source=str(row["component"]), excerpt=_row(row)) for row in known)
    return StageFailed(dataclasses.replace(found, evidence=(*found.evidence, *rows)), learnt=learnt)


def _of_own_code(found: Finding, last: Mapping[str, Any]) -> Finding:
    """The end of a process in the model's own code is the model's fault: each other route would meet it again."""
    has_words = _ENDED.get(found.name)
    name = _OWN_CODE.get(last["component"]) if last["status"] == "running" else None
    if has_words is None or name is None:
        return found
    words = found.message.rstrip(".") if has_words else "the process ended there, without an error of Python's"
    own = dataclasses.replace(finding(name, found.subject, words=words), evidence=found.evidence)
    return dataclasses.replace(own, fix=found.fix) if has_words else own


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


def _refuse_code(context: StageContext) -> None:
    """Look at an archive again as it is now, before it is loaded.

    Raises:
        StageFailed: loading it would do what is not trusted.
    """
    code = () if context.request.options.trust_code else context.stored_code()
    if code:
        name = context.source.path.name
        words = f"{name} holds {'; '.join(code)}: loading or running it would do that, so it was not loaded."
        raise StageFailed(finding("code-not-trusted", name, words=words))


def tell_code(request: Request, place: str, executor: Executor) -> Mapping[str, str] | None:
    """Nothing of a program, but of a factory: what it imports and reads can't be told, so no result is used again."""
    del place, executor
    return None if request.source is not None and request.source.kind == ArtifactKind.TORCH else {}


def needs_cpu_build(environment: str) -> Requirement:
    """On Linux, the build of PyTorch without CUDA is on no main index: whether the user's own places offer it.

    Args:
        environment: the one whose pins name the build.
    """

    def requirement(facts: Facts, request: Request) -> Iterator[Reason]:
        if not cpu_build_is_there(facts, request, environment):
            yield Reason(
                verdict=Verdict.BLOCKED,
                text=f"neither pip's indexes nor its find-links offer torch {_cpu_version(environment)}, the build "
                "without CUDA",
                fix=Fix(text="Add the index of CPU builds that pytorch.org names to pip's extra-index-url."),
            )

    return requirement


def cpu_build_is_there(facts: Facts, request: Request, environment: str) -> bool:
    """True if an environment with PyTorch is made, not needed, or can be made from where pip looks.

    Raises:
        FactUnavailable: an index did not answer.
    """
    spec, own = environment_spec(environment), own_environment(facts)
    served = own is not None and not unmet(spec, own.distributions)
    if facts.host.system != "linux" or served or facts.environments.status(environment).state is State.MADE:
        return True
    settings = load_settings(prefix=prefix_of(own_python(request)))
    cache = open_cache(request)
    client = open_index(settings, cache.root / "index" if cache.writable else None, Access(offline=request.offline))
    try:
        files = client.project("torch").files
    except (NetworkProblem, Unreadable) as error:
        raise FactUnavailable("index", str(error)) from None
    return any(file.version == _cpu_version(environment) for file in files)


@functools.cache
def _cpu_version(environment: str) -> str:
    match = _CPU_BUILD.search(environment_spec(environment).lock.read_text("utf-8"))
    if match is None:
        raise FactUnavailable("environments", f"the environment {environment} names no CPU build")
    return match[1]
