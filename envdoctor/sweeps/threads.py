"""Workers in threads, for what waits for a network: one that hangs is left behind, and another takes its place."""

from __future__ import annotations

import queue
import time
from collections import deque
from typing import TYPE_CHECKING

from envdoctor.core.sweep import Ending
from envdoctor.support import interruption
from envdoctor.support.parallel import start_thread
from envdoctor.support.text import duration
from envdoctor.sweeps.work import Done, call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.core.sweep import SweepItem
    from envdoctor.sweeps.work import Judge, Limits


def in_threads(
    judge: Judge, items: Iterable[SweepItem], workers: int, limits: Limits
) -> Iterator[tuple[SweepItem, Done]]:
    """Judges items in threads of this process; yields them as they end. Memory is not limited for each of them."""
    waiting = deque(items)
    busy: dict[str, tuple[SweepItem, float]] = {}
    ended: queue.SimpleQueue[tuple[SweepItem, Done]] = queue.SimpleQueue()
    while waiting or busy:
        while waiting and len(busy) < workers:
            item = waiting.popleft()
            busy[item.key] = (item, time.monotonic())
            if start_thread(lambda item=item: ended.put((item, call(judge, item, time.thread_time))), "sweep") is None:  # type: ignore[misc]
                ended.put((item, call(judge, item, time.thread_time)))
        try:
            item, done = ended.get(timeout=interruption.BEAT)
        except queue.Empty:
            interruption.check()
        else:
            if busy.pop(item.key, None):  # else its time was over before
                yield item, done
        yield from _late(busy, limits)


def _late(busy: dict[str, tuple[SweepItem, float]], limits: Limits) -> Iterator[tuple[SweepItem, Done]]:
    for key, (item, since) in tuple(busy.items()):
        took = time.monotonic() - since
        if took > limits.seconds:
            del busy[key]
            message = f"No longer waited for after {duration(took)} (--time-limit)."
            yield item, Done(ending=Ending.TIMED_OUT, message=message, seconds=took)
