"""Remote files by ranges, against a real server, polite and impolite."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import NetworkProblem
from envdoctor.net.ranges import RangesUnsupported, RemoteFile
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from index_server import IndexServer

CONTENT = random.Random(0).randbytes(300_000)


@pytest.fixture(scope="module")
def module_server():
    with IndexServer() as server:
        server.add("pkg", "a.whl", CONTENT)
        server.add("pkg", "small.whl", b"tiny")
        server.add("pkg", "empty.whl", b"")
        yield server


@pytest.fixture
def server(module_server):
    module_server.seen.clear()
    module_server.faults.clear()
    module_server.manners.ranges = True
    return module_server


def open_file(server, name="a.whl", tail=1000, retries=1):
    session = Session(NetworkSettings(retries=retries), pause=lambda _: None)
    return RemoteFile(session, server.file_url("pkg", name), tail=tail)


def test_the_first_request_brings_size_and_tail(server):
    file = open_file(server)
    assert file.size == len(CONTENT)
    assert file.read_at(len(CONTENT) - 1000, 1000) == CONTENT[-1000:]
    assert (file.requests, file.received) == (1, 1000)
    assert server.seen[0].headers["Range"] == "bytes=-1000"
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_only_what_is_not_known_travels(server):
    file = open_file(server)
    assert file.read_at(100, 200) == CONTENT[100:300]
    assert file.read_at(150, 100) == CONTENT[150:250]
    assert file.read_at(200, 300) == CONTENT[200:500]
    assert file.read_at(0, 150) == CONTENT[:150]
    assert [one.headers["Range"] for one in server.seen] == [
        "bytes=-1000",
        "bytes=100-299",
        "bytes=300-499",
        "bytes=0-99",
    ]


def test_the_end_cuts_a_read(server):
    file = open_file(server)
    assert file.read_at(len(CONTENT) - 10, 50) == CONTENT[-10:]
    assert file.read_at(len(CONTENT) + 10, 50) == b""


@pytest.mark.slow
def test_any_order_of_reads_gives_the_files_bytes(server):
    @settings(deadline=None)  # each example is a handful of requests, on a machine that may be busy
    @given(st.lists(st.tuples(st.integers(0, 310_000), st.integers(0, 5000)), max_size=12))
    def check(reads):
        file = open_file(server)
        for offset, length in reads:
            assert file.read_at(offset, length) == CONTENT[offset : offset + length]

    check()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "content"), [("small.whl", b"tiny"), ("empty.whl", b"")])
def test_a_file_smaller_than_the_tail(server, name, content):
    file = open_file(server, name)
    assert file.size == len(content)
    assert file.read_at(0, 100) == content


def test_a_server_without_ranges_is_not_read(server):
    server.manners.ranges = False
    with pytest.raises(RangesUnsupported):
        open_file(server)


def test_a_broken_transfer_is_tried_again(server):
    server.fail("/files/pkg/a.whl", "break", 503)
    assert open_file(server, retries=2).size == len(CONTENT)


def test_a_missing_file_is_a_network_problem(server):
    with pytest.raises(NetworkProblem, match="HTTP 404"):
        open_file(server, "absent.whl")


def test_a_file_that_changes_between_two_reads_is_noticed(server):
    server.add("pkg", "changing.whl", b"a" * 5000)
    file = open_file(server, "changing.whl", tail=100)
    server.add("pkg", "changing.whl", b"b" * 6000)
    with pytest.raises(NetworkProblem, match="did the file change"):
        file.read_at(0, 100)
