"""Work in threads: the order of results, errors, an interrupt, and a machine that grants no threads."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from envdoctor.support import interruption
from envdoctor.support.parallel import in_parallel, start_thread


def test_results_stand_in_the_order_of_the_items():
    def late(number):
        time.sleep(0.02 if number == 0 else 0)
        return number * 2

    assert list(in_parallel(late, range(20), 4)) == [number * 2 for number in range(20)]


def test_several_are_at_work_at_once():
    meeting = threading.Barrier(3, timeout=10)
    assert len(list(in_parallel(lambda _: meeting.wait(), range(3), 3))) == 3


def test_an_error_is_raised_where_its_result_would_stand_and_ends_the_work():
    done = []

    def fail(number):
        if number == 1:
            raise ValueError("no")
        done.append(number)
        time.sleep(0.01)
        return number

    results = in_parallel(fail, range(1000), 2)
    assert next(results) == 0
    with pytest.raises(ValueError, match="no"):
        next(results)
    time.sleep(0.1)
    assert len(done) < 50


@pytest.mark.parametrize("granted", [0, 1])
def test_without_threads_the_work_is_done_all_the_same(monkeypatch, granted):
    real, left = threading.Thread.start, [None] * granted

    def start(thread):
        if not left:
            raise RuntimeError("can't start new thread")
        left.pop()
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    assert list(in_parallel(str, range(5), 4)) == list("01234")
    assert start_thread(print, "none") is None


def test_an_interrupt_ends_the_wait_for_a_thread_that_does_not_end():
    ended = threading.Event()
    results = in_parallel(lambda _: ended.wait(30), range(2), 2)
    threading.Timer(0.1, interruption.interrupt).start()
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            next(results)
    finally:
        interruption.begin()
        ended.set()
    assert time.monotonic() - start < 5


@pytest.mark.slow
def test_no_thread_keeps_the_program_from_ending():
    code = (
        "import time; from envdoctor.support.parallel import in_parallel\n"
        "print(next(in_parallel(lambda seconds: time.sleep(seconds) or 'first', [0, 60, 60], 3)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert (ended.stdout, ended.stderr) == ("first\n", "")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_limit_on_memory_that_grants_no_stack_for_a_thread(limit):
    code = (
        "import resource, threading\n"
        "from envdoctor.support import parallel\n"
        "threading.stack_size(512 << 20)\n"
        f"resource.setrlimit(resource.{limit}, (100 << 20, 100 << 20))\n"
        "assert parallel.start_thread(print, 'x') is None\n"
        "print(sum(parallel.in_parallel(int, range(9), 4)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout == "36\n", ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
def test_deep_work_is_done_here_where_there_is_no_room_for_a_deep_stack():
    code = (
        "import resource, sys, threading\n"
        "from envdoctor.support.deep_stack import on_deep_stack\n"
        "resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))\n"
        "print(on_deep_stack(threading.current_thread).name, sys.getrecursionlimit())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout == "MainThread 1000\n", ended.stderr


def test_a_pause_ends_at_an_interrupt():
    threading.Timer(0.1, interruption.interrupt).start()
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            interruption.pause(30)
    finally:
        interruption.begin()
    assert time.monotonic() - start < 5
