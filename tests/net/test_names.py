"""Names and dead addresses: both cost no more than the request's time, and no thread is left that waits for nothing."""

import socket
import threading
import time

import pytest

from envdoctor.core.errors import NetworkProblem
from envdoctor.net.names import addresses
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from envdoctor.support import interruption
from index_server import IndexServer


def lookups():
    return [thread for thread in threading.enumerate() if thread.name == "name"]


@pytest.fixture
def resolver(monkeypatch):
    """A resolver that says nothing until the event is set; what it was asked."""
    asked, released, real = [], threading.Event(), socket.getaddrinfo

    def silent(host, *rest, **named):
        if host != "silent.test":
            return real(host, *rest, **named)
        asked.append(host)
        released.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    yield asked
    released.set()
    for thread in lookups():
        thread.join(5)
    assert lookups() == []


@pytest.mark.slow
def test_a_name_that_nobody_answers_for_costs_the_requests_time(resolver):
    session, start = Session(NetworkSettings(timeout=0.2, retries=2), pause=lambda _: None), time.monotonic()
    with pytest.raises(NetworkProblem, match=r"no name server told its address within 0 s, after 3 tries"):
        session.get("http://silent.test/simple/")
    assert 1 < time.monotonic() - start < 4
    assert resolver == ["silent.test"]
    assert len(lookups()) == 1


def test_an_interrupt_ends_the_wait_for_a_name(resolver):
    threading.Timer(0.1, interruption.interrupt).start()
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            addresses("silent.test", start + 15)
    finally:
        interruption.begin()
    assert time.monotonic() - start < 3


def test_a_name_that_there_is_not_is_told():
    with pytest.raises(NetworkProblem, match="after 1 try"):
        Session(NetworkSettings(retries=0)).get("http://no-such-host.invalid/")
    assert lookups() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "::1", "fe80::1%eth0"])
def test_an_address_is_its_own(host):
    assert addresses(host, 0) == (host.strip("[]"),)


def test_dead_addresses_share_the_requests_time(monkeypatch):
    tried = []

    def dead(address, timeout, **_):
        tried.append(address[0])
        time.sleep(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", dead)
    monkeypatch.setattr("envdoctor.net.connections.addresses", lambda *_: ("192.0.2.1", "192.0.2.2", "192.0.2.3"))
    start = time.monotonic()
    with pytest.raises(NetworkProblem, match="timed out"):
        Session(NetworkSettings(timeout=0.4, retries=0)).get("http://dead.test/")
    assert time.monotonic() - start < 2  # and not three times the limit of one
    assert tried == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


def test_the_next_address_is_taken_where_one_refuses(monkeypatch):
    monkeypatch.setattr("envdoctor.net.connections.addresses", lambda *_: ("127.0.0.9", "127.0.0.1"))
    with IndexServer(extra={"/page": ("text/plain", b"a page")}) as server:
        port = server.origin.rpartition(":")[2]
        assert Session(NetworkSettings(retries=0)).get(f"http://two.test:{port}/page").content == b"a page"
        assert server.seen[0].headers["Host"] == f"two.test:{port}"
