"""Taking environments away, and what uv's cache keeps of them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments.locking import locked
from envdoctor.environments.store import discard, list_environments
from envdoctor.environments.uv_runner import Uv

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.environments.cache import Cache
    from envdoctor.environments.store import ManagedEnvironment
    from envdoctor.executors import Executor


def remove(environments: Iterable[ManagedEnvironment], cache: Cache, executor: Executor) -> None:
    """Take environments away.

    Their files are links to what uv's cache holds, so the disk gets its room back only when that goes as well: every
    distribution that no remaining environment has is taken out of it.

    Raises:
        EnvironmentProblem: one is being made at this moment, or something in it can't be removed.
    """
    gone: set[str] = set()
    for one in environments:
        try:
            with locked(one.folder, lambda: None, patience=0):
                discard(one.folder)
        except OSError as error:
            raise cache.unusable(error) from None
        gone |= one.distributions.keys()
    kept = {name for one in list_environments(cache) for name in one.distributions}
    if gone - kept:
        with contextlib.suppress(EnvironmentProblem):  # without uv there is nothing more to do
            Uv(executor=executor, cache=cache, variables={}).run("cache", "clean", *sorted(gone - kept))


def prune_downloads(cache: Cache, executor: Executor) -> None:
    """Take out of uv's cache what no later build can use: what it unpacked or built for one run."""
    if cache.uv.is_dir():
        with contextlib.suppress(EnvironmentProblem):
            Uv(executor=executor, cache=cache, variables={}).run("cache", "prune")
