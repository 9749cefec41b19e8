"""Workers in processes of their own: one that hangs, dies or grows costs one item, and nothing else.

`concurrent.futures` gives up the whole pool when a worker dies, and can end no single one; so each worker has a pipe of
its own here, and the parent alone knows who does what.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.sweep import Ending
from envdoctor.support import interruption
from envdoctor.support.text import duration, size
from envdoctor.sweeps.work import Done, call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from envdoctor.core.sweep import SweepItem
    from envdoctor.sweeps.work import Judge, Limits

#: Seconds between two looks at how large the workers are.
_BEAT = 0.1
#: Seconds that a worker may take to import what it needs, on a busy machine.
_START = 120.0
#: Seconds that what a killed worker started may take to end.
_LINGERING = 1.0
#: Workers that end before they have begun, one after the other, until no more are started.
_MOST_STILLBORN = 4


def in_processes(
    judge: Judge, items: Iterable[SweepItem], workers: int, limits: Limits
) -> Iterator[tuple[SweepItem, Done]]:
    """Judges items in processes, each worker one item at a time; yields them as they end.

    Raises:
        EnvDoctorError: no worker can be started.
    """
    with tempfile.TemporaryDirectory(prefix="envdoctor-sweep-", ignore_cleanup_errors=True) as scratch:
        pool = _Pool(judge, items, limits, scratch)
        try:
            yield from pool.run(workers)
        finally:
            pool.end()


class _Pool:
    def __init__(self, judge: Judge, items: Iterable[SweepItem], limits: Limits, scratch: str) -> None:
        self._judge = judge
        self._scratch = scratch
        self._limits = limits
        self._waiting = deque(items)
        self._workers: list[_Worker] = []
        self._stillborn = 0

    def run(self, most: int) -> Iterator[tuple[SweepItem, Done]]:
        while self._waiting or any(worker.item for worker in self._workers):
            self._fill(most)
            connection.wait([worker.pipe for worker in self._workers], _BEAT)
            interruption.check()
            for worker in tuple(self._workers):
                ended = self._tend(worker)
                if ended is not None:
                    yield ended

    def end(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _fill(self, most: int) -> None:
        busy = sum(worker.item is not None for worker in self._workers)
        while len(self._workers) < min(most, busy + len(self._waiting)):
            self._workers.append(_Worker(self._judge, self._scratch))

    def _tend(self, worker: _Worker) -> tuple[SweepItem, Done] | None:
        """Takes what a worker has to say, gives it the next item, or ends it; the item that ended, if one did."""
        item, done, lives = worker.item, None, True
        try:
            if worker.pipe.poll():
                done = worker.take()
                self._stillborn = 0
            elif item is not None:
                done = worker.transgression(self._limits)
                lives = done is None
            elif not worker.is_ready and worker.age > _START:
                raise EOFError  # noqa: TRY301  (as if it had died)
        except (EOFError, OSError, ConnectionError):
            lives, done = False, worker.obituary() if item is not None else None
            self._count_stillborn(worker)
        if not lives:
            self._drop(worker)
        elif worker.is_ready and worker.item is None:
            self._go_on(worker, done)
        return None if item is None or done is None else (item, done)

    def _go_on(self, worker: _Worker, done: Done | None) -> None:
        if done is not None and done.memory > self._limits.memory // 2:
            self._drop(worker)  # what it keeps in memory would count against the next item
        elif self._waiting:
            item = self._waiting.popleft()
            try:
                worker.give(item)
            except OSError:  # it died in between, of nothing that it was given
                self._waiting.appendleft(item)
                self._drop(worker)

    def _count_stillborn(self, worker: _Worker) -> None:
        if worker.is_ready:
            return
        self._stillborn += 1
        if self._stillborn >= _MOST_STILLBORN:
            raise EnvDoctorError("Workers end before they start to work; is there enough memory? Try --workers 1.")

    def _drop(self, worker: _Worker) -> None:
        worker.kill()
        self._workers.remove(worker)


class _Worker:
    """A process, seen from the parent."""

    def __init__(self, judge: Judge, scratch: str) -> None:
        context = multiprocessing.get_context("spawn")
        folder = Path.cwd()
        self._scratch = tempfile.mkdtemp(dir=scratch)  # for its temporary files: it may be killed
        self.pipe: Connection
        self.pipe, far = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(far, judge, folder, self._scratch), daemon=False
        )
        self.is_ready = False
        self.item: SweepItem | None = None
        self._since = time.monotonic()
        try:
            with _interrupts_ignored(), _outside_of(folder):
                self.process.start()
        except OSError as error:
            self.pipe.close()  # of what the machine has too few, the one who tidies up may need one
            raise EnvDoctorError(f"No worker can be started: {error.strerror or error}.") from None
        finally:
            far.close()

    @property
    def age(self) -> float:
        """Seconds since it was given its item, or was started."""
        return time.monotonic() - self._since

    def give(self, item: SweepItem) -> None:
        self.pipe.send(item)
        self.item, self._since = item, time.monotonic()

    def take(self) -> Done | None:
        """What came of its item; None where it only says that it is ready."""
        told: Done | None = self.pipe.recv()
        self.is_ready, self.item = True, None
        return told

    def transgression(self, limits: Limits) -> Done | None:
        """How its item ends because it passed a limit; None if it did not."""
        held = self._memory()
        if held > limits.memory:
            message = f"It was ended, since it took more memory than {size(limits.memory)} (--memory-limit)."
            return Done(ending=Ending.OUT_OF_MEMORY, message=message, seconds=self.age, memory=held)
        if self.age > limits.seconds:
            message = f"It was ended after {duration(self.age)} (--time-limit)."
            return Done(ending=Ending.TIMED_OUT, message=message, seconds=self.age, memory=held)
        return None

    def obituary(self) -> Done:
        """How its item ends because it died."""
        self.process.join(1)
        code = self.process.exitcode
        how = f"exit code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        return Done(ending=Ending.CRASHED, message=f"The worker died of it ({how}).", seconds=self.age)

    def kill(self) -> None:
        """Ends it at once; what it started is ended by its guard."""
        self.pipe.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.join(1)
        _remove(self._scratch)

    def _memory(self) -> int:
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """What is started within ignores Ctrl-C from its first moment: the parent ends it."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread, which no signal reaches
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _outside_of(folder: Path) -> Iterator[None]:
    """What is started within looks for Python's own modules first where it starts: not in a folder of anybody's."""
    os.chdir(sys.prefix)
    try:
        yield
    finally:
        os.chdir(folder)


def _remove(scratch: str) -> None:
    """Remove a worker's temporary files, while what it started is ending."""
    deadline = time.monotonic() + _LINGERING
    while Path(scratch).is_dir() and time.monotonic() < deadline:
        shutil.rmtree(scratch, ignore_errors=True)
        time.sleep(_BEAT if Path(scratch).is_dir() else 0)


def _serve(pipe: Connection, judge: Judge, folder: Path, scratch: str) -> None:
    """What a worker does in a folder: judges what comes, until nobody is there any more."""
    os.chdir(folder)
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch))
    tempfile.tempdir = None
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # What ends the whole group (`timeout`, a closed session) must not look like an item that killed its worker.
        signal.signal(signal.SIGTERM, lambda *_: None)  # no SIG_IGN, which what it starts would inherit
    parent = multiprocessing.parent_process()
    if parent is not None:
        watcher = threading.Thread(target=_end_with, args=(parent.sentinel, scratch), daemon=True)
        watcher.start()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123  (what a library prints as it dies)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    with contextlib.suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            pipe.send(call(judge, pipe.recv()))
    if parent is not None:
        watcher.join(_LINGERING)  # of a parent that is gone, it removes what is left


def _end_with(sentinel: int, scratch: str) -> None:
    """However the parent went, also by SIGKILL in the middle of an item."""
    connection.wait([sentinel])
    shutil.rmtree(scratch, ignore_errors=True)
    with contextlib.suppress(OSError):  # other workers' files are there still, or it is gone
        Path(scratch).parent.rmdir()
    os._exit(1)
