"""Workers of a Dask scheduler, where one machine is not enough; Dask is imported here alone, and only when asked for.

The workers have the same envdoctor and see the same files. An item's time is limited as in threads; memory is what the
workers' own limit allows (`dask worker --memory-limit`), and one that dies of an item is started again by its nanny.
Source: https://distributed.dask.org/en/stable/api.html.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
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
#: Seconds after which it is asked again whether the scheduler and its workers are there, and for which none may be: a
#: nanny needs a moment to start another one.
_ROUND, _WITHOUT = 10.0, 60.0
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
    crew = _Crew(client, address)
    pending: dict[Any, SweepItem] = {}
    waiting = deque(items)
    try:
        ahead = _AHEAD * crew.threads()
        while waiting or pending:
            while waiting and len(pending) < ahead:
                item = waiting.popleft()
                pending[client.submit(_judged, judge, item, limits, key=f"envdoctor-{item.key}", pure=False)] = item
            interruption.pause(_BEAT)
            for future in [one for one in pending if one.done()]:
                done = _told(future, address)
                if done is not None:
                    yield pending.pop(future), done
            crew.look()
    finally:
        with contextlib.suppress(Exception):  # what is still asked for is forgotten there
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


class _Crew:
    """The workers of a scheduler: whether they judge as this envdoctor does, and are still there."""

    def __init__(self, client: Any, address: str) -> None:  # noqa: ANN401
        self._client = client
        self._address = address
        self._seen = self._asked = time.monotonic()

    def threads(self) -> int:
        """How many items can be judged at once."""
        threads = self._count()
        if not threads:
            raise UsageProblem(f"The scheduler {self._address} has no workers; start some: dask worker {self._address}")
        told = self._client.run(own_code, on_error="return")
        others = [worker for worker, code in told.items() if code != own_code()]
        if others:
            raise UsageProblem(f"The worker {others[0]} has another envdoctor or none; install the same one there.")
        return threads

    def look(self) -> None:
        """See now and then who is there; a machine that was switched off says nothing of it.

        Raises:
            EnvDoctorError: nobody is.
        """
        if self._client.status != "running":
            raise _gone(f"The scheduler {self._address} went away")
        now = time.monotonic()
        if now - self._asked < _ROUND:
            return
        self._asked = now
        if self._count():
            self._seen = now
        elif now - self._seen > _WITHOUT:
            raise _gone(f"The scheduler {self._address} has lost all its workers")

    def _count(self) -> int:
        try:
            threads: dict[str, int] = self._client.sync(self._client.scheduler.ncores, callback_timeout=_PATIENCE)
        except (OSError, TimeoutError, asyncio.TimeoutError):  # two classes until Python 3.11
            raise _gone(f"The scheduler {self._address} no longer answers") from None
        return sum(threads.values())


def _gone(what: str) -> EnvDoctorError:
    return EnvDoctorError(f"{what}; run the same command again to go on.")


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
        raise _gone(f"The scheduler {address} went away")
    error = future.exception(timeout=_SOON)
    return Done(ending=Ending.CRASHED, message=f"The worker died of it ({type(error).__name__}: {error}).")
