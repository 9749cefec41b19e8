"""An environment for a stage: the user's own if that is proven to serve, else one that envdoctor makes."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.environments.cache import open_cache
from envdoctor.environments.making import ensure
from envdoctor.environments.own import unmet
from envdoctor.environments.proof import isolated, prove_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from envdoctor.core.request import Request
    from envdoctor.environments.own import OwnEnvironment
    from envdoctor.environments.spec import EnvironmentSpec
    from envdoctor.executors import Executor

#: Models that are code, which may need what only the user's own environment has.
_CODE = frozenset({ArtifactKind.TORCH, ArtifactKind.PT2})


class Origin(enum.Enum):
    """Whose an environment is."""

    OWN = "own"
    MANAGED = "managed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidedEnvironment:
    """An environment that a stage can run in.

    Attributes:
        python: its interpreter.
        origin: whose it is.
        distributions: name and version of each distribution in it.
        identity: tells it from another with the same versions; None if its code can change unseen.
        fetched: bytes that were fetched for it now, at most.
        variables: what the stage's processes need in their environment (`Command.env`), so that nothing leaks in.
    """

    python: Path
    origin: Origin
    distributions: Mapping[str, str]
    identity: str | None
    fetched: int = 0
    variables: Mapping[str, str | None] = field(default_factory=dict)


def provide(
    spec: EnvironmentSpec,
    request: Request,
    own: OwnEnvironment | None,
    executor: Executor,
    on_progress: Callable[[str], None],
) -> ProvidedEnvironment:
    """Find or make an environment.

    Args:
        spec: which one.
        request: see `ensure`.
        own: the user's own environment; None if it could not be looked at.
        executor: runs uv and the interpreters; local.
        on_progress: see `ensure`.

    Raises:
        EnvironmentProblem: see `ensure`.
        NetworkProblem: the same.
    """
    if own is not None and not unmet(spec, own.distributions):
        cache = open_cache(request)
        is_code = request.source is not None and request.source.kind in _CODE
        imports = spec.own_imports if is_code and spec.own_imports else spec.imports
        proof = prove_once(own.python, imports, executor, cache, own.distributions)
        if not proof.failure:
            return ProvidedEnvironment(
                python=own.python,
                origin=Origin.OWN,
                distributions=own.distributions,
                identity=own.identity(spec),
            )
        on_progress(f"your own environment has {', '.join(own.relevant(spec))}, but {proof.failure}")
    made = ensure(spec, request, executor, on_progress)
    return ProvidedEnvironment(
        python=made.python,
        origin=Origin.MANAGED,
        distributions=made.distributions,
        identity=f"{made.key}-{made.version}",
        fetched=made.fetched,
        variables=isolated(),
    )
