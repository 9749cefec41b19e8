"""The session against a real server on loopback that fails in the ways real ones do."""

from __future__ import annotations

import gzip
import threading
import time

import pytest

from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.net.cache import DiskCache
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from envdoctor.support import interruption
from index_server import IndexServer
from slow_server import stopwatch, trickling


def test_an_answer(server, session):
    reply = session.get(f"{server.origin}/page")
    assert (reply.found, reply.content, reply.content_type, reply.cached) == (True, b"a page", "text/plain", False)
    assert reply.url == f"{server.origin}/page"
    assert (session.traffic.requests, session.traffic.received) == (1, 6)


def test_absence_is_an_answer(server, session):
    assert session.get(f"{server.origin}/nothing").found is False


@pytest.mark.parametrize("fault", [503, 429, "break", "hang up"])
def test_a_failing_answer_is_asked_for_again_after_a_pause(server, session, pauses, fault):
    server.fail("/page", fault, fault)
    assert session.get(f"{server.origin}/page").content == b"a page"
    assert pauses == [0.25, 0.5]


def test_tries_end(server, session):
    server.fail("/page", *[500] * 5)
    with pytest.raises(NetworkProblem, match=r"/page: HTTP 500 Internal Server Error, after 3 tries"):
        session.get(f"{server.origin}/page")
    assert len(server.requests_for("/page")) == 3


def test_a_refusal_is_not_asked_again_and_is_no_absence(server, session):
    server.fail("/page", 403)
    with pytest.raises(NetworkProblem, match=r"HTTP 403.*credentials"):
        session.get(f"{server.origin}/page")


def test_a_part_that_was_not_asked_for_is_no_answer(server, session):
    server.fail("/page", 206)
    with pytest.raises(NetworkProblem, match="HTTP 206"):
        session.get(f"{server.origin}/page")


def test_no_server_at_all_is_asked_once_more_and_no_further(pauses):
    session = Session(NetworkSettings(retries=5, timeout=5), pause=pauses.append)
    with pytest.raises(NetworkProblem, match=r"refused, after 2 tries"):
        session.get("http://127.0.0.1:9/page")
    assert len(pauses) == 1


def test_the_size_limit_ends_the_answer(server, session):
    server.extra["/huge"] = ("text/plain", b"x" * 300_000)
    with pytest.raises(Unreadable, match="more than the 100,000 bytes"):
        session.get(f"{server.origin}/huge", limit=100_000)


@pytest.mark.slow
def test_the_size_limit_counts_what_is_unpacked(server, session):
    server.manners.gzip = True
    server.extra["/bomb"] = ("text/plain", bytes(50 << 20))
    with pytest.raises(Unreadable, match="more than"):
        session.get(f"{server.origin}/bomb", limit=1 << 20)


def test_an_interrupt_ends_a_wait_in_any_thread():
    outcome = []

    def ask(url):
        try:
            Session(NetworkSettings(timeout=30)).get(url)
        except SystemExit:
            outcome.append("ended")

    with trickling(b"HTTP/1.1 200 OK\r\n") as url, stopwatch(3):
        thread = threading.Thread(target=ask, args=(url,), daemon=True)
        thread.start()
        time.sleep(0.3)
        interruption.interrupt()
        try:
            thread.join(2)
        finally:
            interruption.begin()
    assert outcome == ["ended"]


def test_the_body_of_a_redirect_is_not_read(server, session):
    target = f"{server.origin}/page".encode()
    with trickling(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\n\r\n") as url, stopwatch(2):
        assert session.get(url).content == b"a page"


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip"])
def test_an_encoding_that_was_not_asked_for_is_no_answer(server, session, encoding):
    body = b"not packed at all"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding.encode(), len(body))
    with trickling(head + body) as url, pytest.raises(NetworkProblem, match="not the gzip that was asked for"):
        session.get(url)


def test_gzip_that_is_cut_is_no_answer(session):
    body = gzip.compress(b"x" * 99)[:-4]
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with trickling(head + body) as url, pytest.raises(Unreadable, match="ends before its end mark"):
        session.get(url)


def test_garbage_is_told_in_one_short_line(session):
    with trickling(b"\x1b[31mboom" * 999 + b"\r\n\r\n", drip=False) as url, pytest.raises(NetworkProblem) as caught:
        session.get(url)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("head", "whole"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", False),
    ],
)
def test_whether_a_body_is_known_to_be_whole(session, tmp_path, head, whole):
    session.cache = DiskCache(tmp_path)
    with trickling(head + b"hi", drip=False) as url:
        assert session.get(url).whole is whole
        assert session.get(url, fresh=99).whole is whole


def test_more_than_the_user_allows_is_not_read(server):
    server.extra["/large"] = ("text/plain", b"x" * 300_000)
    session = Session(NetworkSettings(most=400_000))
    assert session.get(f"{server.origin}/large").content
    with pytest.raises(NetworkProblem, match=r"/large was not read: .* --max-download allows 390\.6 KiB"):
        session.get(f"{server.origin}/large")
    assert session.traffic.received == 300_000


def test_a_try_that_failed_does_not_count_against_what_the_user_allows(server):
    server.extra["/large"] = ("text/plain", b"x" * 300_000)
    server.fail("/large", "break", 503, "break")
    session = Session(NetworkSettings(most=400_000), pause=lambda _: None)
    assert len(session.get(f"{server.origin}/large").content) == 300_000


def test_what_was_refused_leaves_room_for_less(server):
    server.extra["/large"], server.extra["/small"] = ("text/plain", b"x" * 300_000), ("text/plain", b"x" * 1000)
    session = Session(NetworkSettings(most=2000))
    with pytest.raises(NetworkProblem, match="was not read"):
        session.get(f"{server.origin}/large")
    assert session.get(f"{server.origin}/small").content


def test_it_says_so_before_much_is_read(server, monkeypatch, tmp_path):
    monkeypatch.setattr("envdoctor.net.session._MUCH", 1000)
    server.extra["/large"] = ("text/plain", b"x" * 300_000)
    said = []
    session = Session(say=lambda text: said.append((text, session.traffic.received)))
    session.get(f"{server.origin}/page")
    assert said == []
    session.download(f"{server.origin}/large", tmp_path / "large")
    session.download(f"{server.origin}/large", tmp_path / "large")
    ((text, received),) = said
    assert "293.0 KiB" in text
    assert received == 6


def test_credentials_in_the_url_are_used_and_hidden(server, session):
    server.manners.credentials = ("me", "hunter2")
    place = server.origin.removeprefix("http://")
    assert session.get(f"http://me:hunter2@{place}/page").url == f"{server.origin}/page"
    # A file of the same index is linked without them.
    assert session.get(f"{server.origin}/page").found
    server.fail("/page", *[500] * 5)
    with pytest.raises(NetworkProblem) as caught:
        session.get(f"http://me:hunter2@{place}/page")
    assert "hunter2" not in str(caught.value)


def test_credentials_are_asked_for_when_the_server_wants_some(server):
    server.manners.credentials = ("me", "hunter2")
    asked = []

    def source(url, user):
        asked.append((url, user))
        return ("me", "hunter2")

    session = Session(NetworkSettings(credential_source=source))
    assert session.get(f"{server.origin}/page").found
    assert session.get(f"{server.origin}/page").found
    assert asked == [(f"{server.origin}/page", None)]


def test_netrc_is_read(server, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.manners.credentials = ("me", "hunter2")
    assert Session().get(f"{server.origin}/page").found


@pytest.mark.slow
def test_a_proxy_is_used():
    with IndexServer(extra={"/page": ("text/plain", b"by proxy")}) as proxy:
        # A proxy is asked with the absolute URL; the double looks at the path alone.
        session = Session(NetworkSettings(proxy=proxy.origin, retries=0))
        assert session.get("http://example.test/page").content == b"by proxy"


class TestCache:
    @pytest.fixture
    def cached(self, tmp_path):
        return Session(NetworkSettings(retries=0), DiskCache(tmp_path))

    def test_a_fresh_answer_is_not_asked_for_again(self, server, cached):
        url = f"{server.origin}/page"
        assert cached.get(url, fresh=60).cached is False
        again = cached.get(url, fresh=60)
        assert (again.cached, again.content, again.content_type) == (True, b"a page", "text/plain")
        assert len(server.seen) == 1

    def test_a_stale_answer_is_confirmed_by_its_validator(self, server, cached):
        url = f"{server.origin}/page"
        cached.get(url)
        assert cached.get(url).cached is True
        assert [one.status for one in server.seen] == [200, 304]
        server.extra["/page"] = ("text/plain", b"another")
        assert cached.get(url).content == b"another"

    def test_the_servers_own_freshness_counts(self, server, cached):
        server.manners.cache_control = "max-age=600"
        for _ in range(2):
            cached.get(f"{server.origin}/page")
        assert len(server.seen) == 1

    def test_the_server_may_forbid_keeping(self, server, cached):
        server.manners.cache_control = "no-store"
        for _ in range(2):
            assert cached.get(f"{server.origin}/page", fresh=60).cached is False

    def test_answers_for_different_accept_headers_are_apart(self, server, cached):
        cached.get(f"{server.origin}/page", fresh=60)
        assert cached.get(f"{server.origin}/page", accept="text/html", fresh=60).cached is False

    def test_offline_only_the_cache_answers(self, server, cached, tmp_path):
        cached.get(f"{server.origin}/page")
        cached.get(f"{server.origin}/nothing")
        offline = Session(NetworkSettings(offline=True), DiskCache(tmp_path))
        assert offline.get(f"{server.origin}/page").content == b"a page"
        assert offline.get(f"{server.origin}/nothing").found is False
        with pytest.raises(NetworkProblem, match="--offline"):
            offline.get(f"{server.origin}/other")
        assert len(server.seen) == 2


@pytest.mark.parametrize("setting", ["cert", "client_cert"])
def test_a_file_of_certificates_that_is_not_there_is_told_at_once(tmp_path, setting):
    gone = str(tmp_path / "gone.pem")
    session = Session(NetworkSettings(**{setting: gone}))
    with pytest.raises(NetworkProblem, match=rf"/x was not asked for: .+ invalid path: {gone}; .+ PIP_CERT"):
        session.get("https://127.0.0.1:9/x")
