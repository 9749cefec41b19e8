"""Workers of a Dask scheduler, where one machine is not enough; Dask is imported here alone, and only when asked for.

The workers have the same envdoctor and see the same files. An item's time is limited as in threads; memory is what the
workers' own limit allows (`dask worker --memory-limit`), and one that dies of an item is started again by its nanny.
Source: https://distributed.dask.org/en/stable/api.html.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.sweep import Ending
from envdoctor.support import interruption
from envdoctor.sweeps.sweeping import own_code
from envdoctor.sweeps.threads import in_threads
from envdoctor.sweeps.work import Done

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.core.sweep import SweepItem
    from envdoctor.sweeps.work import Judge, Limits

_BEAT = 0.05
_PATIENCE = 10.0
#: Seconds for what is there already.
_SOON = 2.0
#: Items that are handed out for each thread of the workers, so that none waits for the network.
_AHEAD = 4


def in_dask(judge: Judge, items: Iterable[SweepItem], address: str, limits: Limits) -> Iterator[tuple[SweepItem, Done]]:
    """Judges items by the workers of a scheduler; yields them as they end.

    Raises:
        UsageProblem: Dask is not installed, the scheduler does not answer, or its workers have another envdoctor.
        EnvDoctorError: the scheduler went away.
    """
    client = _connected(address)
    pending: dict[Any, SweepItem] = {}
    waiting = deque(items)
    try:
        ahead = _AHEAD * _threads(client, address)
        while waiting or pending:
            while waiting and len(pending) < ahead:
                item = waiting.popleft()
                pending[client.submit(_judged, judge, item, limits, key=f"envdoctor-{item.key}", pure=False)] = item
            interruption.pause(_BEAT)
            for future in [one for one in pending if one.done()]:
                done = _told(future, address)
                if done is not None:
                    yield pending.pop(future), done
            if client.status != "running":
                raise EnvDoctorError(f"The scheduler {address} went away; run the same command again to go on.")
    finally:
        with contextlib.suppress(Exception):
            client.cancel(list(pending))
        with contextlib.suppress(Exception):
            client.close(timeout=1)


def _connected(address: str) -> Any:  # noqa: ANN401  (Dask's own, which need not be there)
    try:
        from distributed import Client
    except ImportError:
        raise UsageProblem("--scheduler needs Dask, which is not here: pip install 'envdoctor[dask]'.") from None
    logging.disable(logging.CRITICAL)  # Dask's tracebacks: what is wrong is told in a sentence
    try:
        return Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UsageProblem(f"The scheduler {address} does not answer: {str(error) or 'no connection'}.") from None


def _threads(client: Any, address: str) -> int:  # noqa: ANN401
    """How many items can be judged at once, by workers that judge as this envdoctor does."""
    threads = sum(client.nthreads().values())
    if not threads:
        raise UsageProblem(f"The scheduler {address} has no workers; start some: dask worker {address}")
    told = client.run(own_code, on_error="return")
    others = [worker for worker, code in told.items() if code != own_code()]
    if others:
        raise UsageProblem(f"The worker {others[0]} has another envdoctor or none; install the same one there.")
    return int(threads)


def _judged(judge: Judge, item: SweepItem, limits: Limits) -> Done:
    """On a worker."""
    ((_, done),) = in_threads(judge, [item], 1, limits)
    return done


def _told(future: Any, address: str) -> Done | None:  # noqa: ANN401
    """What came of an item; None where that was lost with its worker, and another one is at it again."""
    if future.status == "finished":
        try:
            told: Done = future.result(timeout=_SOON)
        except (TimeoutError, asyncio.TimeoutError):  # two classes until Python 3.11
            return None
        return told
    if future.status != "error":  # cancelled or lost
        raise EnvDoctorError(f"The scheduler {address} went away; run the same command again to go on.")
    error = future.exception(timeout=_SOON)
    return Done(ending=Ending.CRASHED, message=f"The worker died of it ({type(error).__name__}: {error}).")
