"""Answers that drip, hang or fail: how long they are waited for."""

from __future__ import annotations

import collections
import threading
import time

import pytest

from envdoctor.core.errors import NetworkProblem
from envdoctor.net.ranges import RemoteFile
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings, Transport
from slow_server import stopwatch, trickling


def test_an_answer_that_drips_is_not_waited_for_as_long_as_one_that_flows(monkeypatch):
    monkeypatch.setattr("envdoctor.net.transport._FIRST_SECONDS", 0.4)
    session = Session(NetworkSettings(timeout=0.2))
    with (
        trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n") as url,
        stopwatch(3),
        pytest.raises(NetworkProblem, match=r"not all came within \d s, 0 B did"),
    ):
        session.get(url)
    with pytest.raises(NetworkProblem, match="was waited for in vain"):
        session.get(f"{url}other")


@pytest.mark.slow
def test_an_answer_that_flows_has_the_time_that_it_needs(monkeypatch):
    monkeypatch.setattr("envdoctor.net.transport._FIRST_SECONDS", 0.5)
    monkeypatch.setattr("envdoctor.net.session._PIECE", 1000)
    monkeypatch.setattr("envdoctor.net.transport._SLOWEST", 1000)
    with trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 9016\r\n\r\n" + bytes(9000)) as url, stopwatch(5):
        assert len(Session(NetworkSettings(timeout=0.2)).get(url).content) == 9016


def test_a_server_that_hangs_costs_its_tries_once_and_not_for_each_file(pauses):
    with trickling(b"HTTP/1.1 200 OK\r\nX-Long: ") as url, stopwatch(4):
        session = Session(NetworkSettings(timeout=0.3, retries=1), pause=pauses.append)
        with pytest.raises(NetworkProblem, match="after 2 tries"):
            session.get(f"{url}one")
        for number in range(20):
            with pytest.raises(NetworkProblem, match="was not asked for: its server was waited for in vain"):
                session.get(f"{url}{number}")
    assert len(pauses) == 1


def test_a_server_that_answers_with_errors_is_asked_for_the_next_file(server):
    server.faults["/one"] = collections.deque([503] * 3)
    server.extra["/two"] = ("text/plain", b"there")
    session = Session(NetworkSettings(timeout=0.1, retries=2), pause=lambda _: time.sleep(0.1))
    with pytest.raises(NetworkProblem, match="HTTP 503"):
        session.get(f"{server.origin}/one")
    assert session.get(f"{server.origin}/two").content == b"there"


def test_a_slow_line_may_bring_a_large_wheel():
    assert Transport(NetworkSettings()).allowed(50 << 20) > (50 << 20) / 30_000


@pytest.mark.slow
def test_answers_that_come_at_once_share_a_slow_line(monkeypatch):
    """Each of sixteen has 2 kB/s of a line of 30 kB/s: what the others get shows that it is not dead."""
    monkeypatch.setattr("envdoctor.net.transport._FIRST_SECONDS", 0.5)
    monkeypatch.setattr("envdoctor.net.session._PIECE", 4)
    session = Session(NetworkSettings(timeout=0.25))
    with trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n") as url:
        others = [threading.Timer(each / 10, session._count, kwargs={"received": 10**5}) for each in range(1, 6)]
        for each in others:
            each.start()
        assert len(session.get(url).content) == 10


def test_the_time_limit_counts_from_the_request_on_while_the_head_drips(pauses):
    with (
        trickling(b"HTTP/1.1 200 OK\r\nX-Long: ") as url,
        stopwatch(3),
        pytest.raises(NetworkProblem, match="ReadTimeout: timed out, after 2 tries"),
    ):
        Session(NetworkSettings(timeout=0.3, retries=1), pause=pauses.append).get(url)


def test_a_range_that_drips_is_late_as_well(monkeypatch):
    monkeypatch.setattr("envdoctor.net.transport._FIRST_SECONDS", 0.4)
    head = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-99/100\r\nContent-Length: 100\r\n\r\n"
    with trickling(head) as url, stopwatch(2), pytest.raises(NetworkProblem, match="not all came within"):
        RemoteFile(Session(NetworkSettings(timeout=0.3)), url, tail=100)
