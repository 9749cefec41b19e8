"""The client against real servers on loopback and folders: what it asks, what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.index.client import IndexClient
from envdoctor.index.settings import IndexSettings
from envdoctor.net.cache import DiskCache
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from index_server import JSON_TYPE, IndexServer

WHEEL = "pkg-1.0-py3-none-any.whl"
DAY = "2025-12-20T10:00:00Z"


@pytest.fixture
def server():
    with IndexServer() as server:
        server.add("pkg", WHEEL, b"wheel", upload_time=DAY, metadata=b"Name: pkg", requires_python=">=3.9")
        server.add("pkg", "pkg-2.0.tar.gz", b"sdist", upload_time=DAY, yanked="a mistake")
        server.add("pkg", "pkg-2.0.exe", b"not for pip", upload_time=DAY)
        yield server


def client(server, *more, cache=None, **settings):
    known = IndexSettings(index_url=server.simple, extra_index_urls=more)
    session = Session(NetworkSettings(retries=0), DiskCache(cache) if cache else None)
    return IndexClient(replace(known, **settings), session)


def names(project):
    return [file.filename for file in project.files]


def is_dated(project):
    return all(file.uploaded is not None for file in project.files)


def test_json_is_asked_for_first(server):
    project = client(server).project("PKG")
    assert names(project) == [WHEEL, "pkg-2.0.tar.gz"]
    assert JSON_TYPE in server.seen[0].headers["Accept"]
    assert project.places == (server.simple,)
    assert is_dated(project)
    assert (project.files[0].requires_python, project.files[1].yanked) == (">=3.9", "a mistake")


@pytest.mark.parametrize("relative", [True, False])
def test_html_says_the_same(server, relative):
    complete = client(server).project("pkg").files
    server.manners.json = False
    server.manners.relative_links = relative
    assert client(server).project("pkg").files == tuple(replace(file, size=None) for file in complete)


@pytest.mark.parametrize("json", [True, False])
def test_upload_times_come_from_the_projects_json_where_the_page_has_none(server, json):
    server.manners.upload_times = "project"
    server.manners.json = json
    assert is_dated(client(server).project("pkg"))
    assert [one.path for one in server.seen] == ["/simple/pkg/", "/pypi/pkg/json"]


def test_upload_times_that_are_nowhere_are_unknown(server):
    server.manners.upload_times = "nowhere"
    assert all(file.uploaded is None for file in client(server).project("pkg").files)


def test_an_unknown_project_has_no_files(server):
    assert client(server).project("absent").files == ()


def test_each_project_is_asked_for_once(server):
    asking = client(server)
    assert asking.project("pkg") is asking.project("Pkg")
    assert len(server.seen) == 1


def test_a_second_run_confirms_or_trusts_the_cache(server, tmp_path):
    for _ in range(2):
        assert names(client(server, cache=tmp_path).project("pkg"))
    assert len(server.seen) == 1


def test_a_failing_index_is_a_network_problem_and_never_an_empty_project(server):
    server.fail("/simple/pkg/", 500)
    asking = client(server)
    for _ in range(2):
        with pytest.raises(NetworkProblem, match="HTTP 500"):
            asking.project("pkg")
    assert len(server.seen) == 1


def test_a_failing_extra_index_counts_as_well(server):
    with pytest.raises(NetworkProblem, match="refused"):
        client(server, "http://127.0.0.1:9/simple").project("pkg")


def test_an_extra_index_that_refuses_is_noted_if_another_has_the_project(server):
    with IndexServer() as other:
        other.fail("/simple/pkg/", 403)
        project = client(server, other.simple).project("pkg")
        assert names(project)
        assert "HTTP 403" in project.refused[0]
        other.fail("/simple/absent/", 403)
        with pytest.raises(NetworkProblem, match="HTTP 403"):
            client(server, other.simple).project("absent")


def test_files_of_all_places_count_and_the_first_of_a_name_wins(server, tmp_path):
    (tmp_path / "pkg-3.0.tar.gz").write_bytes(b"x")
    (tmp_path / WHEEL).write_bytes(b"x")
    with IndexServer() as other:
        other.add("pkg", "pkg-4.0.tar.gz")
        other.extra["/links"] = (
            "text/html",
            b'<a href="/files/pkg/pkg-5.0.tar.gz">x</a><a href="/other-1.tar.gz">y</a>',
        )
        links = (str(tmp_path), f"{other.origin}/links", str(tmp_path / "missing"))
        project = client(server, other.simple, find_links=links).project("pkg")
    assert names(project) == [WHEEL, "pkg-2.0.tar.gz", "pkg-4.0.tar.gz", "pkg-3.0.tar.gz", "pkg-5.0.tar.gz"]
    assert project.files[0].url.startswith(server.origin)
    assert project.places == (server.simple, other.simple, str(tmp_path), f"{other.origin}/links")


def test_an_index_in_folders(server, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "index.html").write_text('<a href="../files/pkg-6.0.tar.gz">x</a>')
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "other-1.0.tar.gz").touch()
    asking = client(server, tmp_path.as_uri(), (tmp_path / "missing").as_uri())
    assert asking.project("pkg").files[-1].url == (tmp_path / "files/pkg-6.0.tar.gz").as_uri()
    assert names(asking.project("other")) == ["other-1.0.tar.gz"]
    assert names(asking.project("absent")) == []


def test_no_index_asks_no_server(server, tmp_path):
    assert client(server, no_index=True, find_links=(str(tmp_path),)).project("pkg").files == ()
    assert server.seen == []


def test_metadata_beside_a_wheel(server):
    asking = client(server)
    wheel, sdist = asking.project("pkg").files
    assert asking.metadata(wheel) == b"Name: pkg"
    assert asking.metadata(sdist) is None
    server.projects["pkg"][WHEEL].metadata = b"Name: altered"
    with pytest.raises(Unreadable, match="hash"):
        asking.metadata(wheel)
    server.projects["pkg"][WHEEL].metadata = None
    assert asking.metadata(wheel) is None


@pytest.mark.slow
@pytest.mark.parametrize("json", [True, False])
def test_the_files_of_a_long_page_are_not_read_out_of_it_again(server, tmp_path, monkeypatch, json):
    server.manners.json = json
    for number in range(800):
        server.add("pkg", f"pkg-1.{number}-py3-none-any.whl", b"", upload_time=DAY, yanked="" if number % 2 else False)
    first = client(server, cache=tmp_path).project("pkg")
    monkeypatch.setattr("envdoctor.index.client.parse_page", None)
    assert client(server, cache=tmp_path).project("pkg") == first
    assert len(first.files) == 801
    monkeypatch.undo()
    server.add("pkg", "pkg-2.1-py3-none-any.whl", b"", upload_time=DAY)
    assert len(client(server, cache=tmp_path / "other").project("pkg").files) == 802


def test_what_answered_is_told_beside_what_failed(server):
    with IndexServer() as other:
        other.fail("/simple/pkg/", 500)
        with pytest.raises(NetworkProblem) as raised:
            client(server, other.simple).project("pkg")
    assert f"{other.simple}/pkg/: HTTP 500" in str(raised.value)
    assert f"after 1 try. Which files of pkg exist is not known, so that it was not judged, though {server.simple}" in (
        str(raised.value)
    )


def test_who_refused_what_is_kept(server):
    with IndexServer() as other:
        other.fail("/simple/pkg/", 403)
        asking = client(server, other.simple)
        asking.project("pkg")
        assert asking.refusals == {other.simple: ("pkg",)}


LOGIN = b"<html><head><title>Sign in</title></head><body><form><input name=user></form></body></html>"


@pytest.mark.parametrize("body", [LOGIN, b"", b'{"meta": {"api-version": "1.0"}, "name": "pkg", "files": []}'])
def test_what_is_no_page_is_no_absence_and_is_asked_for_again(server, tmp_path, body):
    server.extra["/simple/pkg/"] = ("text/html", body)
    with pytest.raises(Unreadable, match="no page of a package index"):
        client(server, cache=tmp_path).project("pkg")
    del server.extra["/simple/pkg/"]
    assert client(server, cache=tmp_path).project("pkg").files


def test_a_login_page_at_a_place_of_links_is_no_absence(server):
    server.extra["/links"] = ("text/html", LOGIN)
    with pytest.raises(Unreadable, match="no page of a package index"):
        client(server, find_links=(f"{server.origin}/links",)).project("pkg")
