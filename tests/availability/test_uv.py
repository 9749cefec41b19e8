"""uv itself, asked about an index double: its answers, its failures, and the machines it is told of."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from envdoctor.availability.here import target_here
from envdoctor.availability.uv import Outcome, Question, UvResolver
from envdoctor.core.errors import UsageProblem
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.settings import IndexSettings
from index_wheels import publish, publish_sdist


def ask(resolver, target, *lines, **terms):
    return resolver.resolve(Question(requirements=lines, target=target, **terms))


def test_pins(server, resolver, target):
    publish(server, "app", "1.0", requires=["Lib.A>=1"])
    publish(server, "lib-a", "1.5")
    found = ask(resolver, target("macos-arm64"), "app")
    assert found.outcome is Outcome.RESOLVED
    assert found.pins == (("app", "1.0"), ("lib-a", "1.5"))
    assert "--python-platform aarch64-apple-darwin" in found.command


def test_no_pins_and_uvs_own_words(server, resolver, target):
    publish(server, "app", "1.0", "cp311-cp311-manylinux_2_17_x86_64")
    found = ask(resolver, target("macos-arm64-cp311"), "app")
    assert found.outcome is Outcome.UNSATISFIABLE
    assert "macosx_13_0_arm64" in found.words


def test_nothing_is_built(server, resolver, target):
    publish_sdist(server, "app", "1.0")
    assert ask(resolver, target("linux-x86_64"), "app").outcome is Outcome.UNSATISFIABLE


def test_constraints(server, resolver, target):
    publish(server, "app", "1.0")
    publish(server, "app", "2.0")
    assert ask(resolver, target("linux"), "app", constraints=("app!=2.0",)).pins == (("app", "1.0"),)


def test_as_of_a_day(server, resolver, target):
    publish(server, "app", "1.0", uploaded="2025-01-01T00:00:00Z")
    publish(server, "app", "2.0", uploaded="2025-06-01T00:00:00Z")
    publish(server, "app", "3.0")
    moment = datetime(2025, 3, 1, tzinfo=timezone.utc)
    found = ask(resolver, target("linux"), "app", as_of=moment)
    assert found.pins == (("app", "1.0"),)


@pytest.mark.slow
def test_links_have_no_date_and_do_not_count_as_of_a_day(server, settings, resolver, target, tmp_path):
    from dataclasses import replace

    from index_wheels import wheel

    publish(server, "app", "1.0", uploaded="2025-01-01T00:00:00Z")
    name, content = wheel("app", "9.0")
    (tmp_path / name).write_bytes(content)
    linked = UvResolver(LocalExecutor(), replace(settings, find_links=(str(tmp_path),)), tmp_path / "other")
    assert ask(linked, target("linux"), "app").pins == (("app", "9.0"),)
    moment = datetime(2025, 3, 1, tzinfo=timezone.utc)
    assert ask(linked, target("linux"), "app", as_of=moment).pins == (("app", "1.0"),)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("linux-armv7l-cp311-glibc2.36", "cp311-cp311-manylinux_2_36_armv7l"),
        ("linux-i686-cp311", "cp311-cp311-manylinux_2_28_i686"),
        ("linux-x86_64-cp312-glibc2.30", "cp312-cp312-manylinux_2_30_x86_64"),
        ("linux-x86_64-cp311-musl1.1", "cp311-cp311-musllinux_1_1_x86_64"),
        ("linux-x86_64-cp313t", "cp313-cp313t-manylinux_2_28_x86_64"),
        ("macos-arm64-pp310", "pp310-pypy310_pp73-macosx_13_0_arm64"),
        ("windows-arm64-cp313t", "cp313-cp313t-win_arm64"),
        ("macos14.0-arm64-cp311", "cp311-cp311-macosx_14_0_arm64"),
        ("windows-x86-cp311", "cp311-cp311-win32"),
    ],
)
def test_machines_that_uv_has_no_name_for_are_stood_in_for(server, resolver, target, name, tag):
    publish(server, "app", "1.0", tag)
    assert ask(resolver, target(name), "app").pins == (("app", "1.0"),)
    other = "macos-x86_64-cp311" if "x86_64" not in tag else "macos-arm64-cp311"
    assert ask(resolver, target(other), "app").outcome is Outcome.UNSATISFIABLE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "marker"),
    [
        ("linux-armv7l-cp312", "platform_machine == 'armv7l' and python_version == '3.12'"),
        ("windows-amd64-pp310", "implementation_name == 'pypy' and sys_platform == 'win32'"),
        ("macos-arm64-cp313t", "sys_platform == 'darwin' and platform_system == 'Darwin'"),
    ],
)
def test_a_stand_in_answers_markers(server, resolver, target, name, marker):
    publish(server, "app", "1.0", requires=[f"yes ; {marker}", "no ; python_version < '3'"])
    publish(server, "yes", "1.0")
    assert dict(ask(resolver, target(name), "app").pins) == {"app": "1.0", "yes": "1.0"}


def test_universal2_is_no_machine(resolver, target):
    with pytest.raises(UsageProblem, match="one architecture"):
        ask(resolver, target("macos-universal2"), "app")


def test_a_failing_index_is_undecided(server, resolver, target):
    server.fail("/simple/app/", *[500] * 20)
    assert ask(resolver, target("linux"), "app").outcome is Outcome.UNDECIDED


@pytest.mark.slow
def test_offline_an_empty_cache_is_undecided(settings, target, tmp_path):
    offline = UvResolver(LocalExecutor(), settings, tmp_path, offline=True)
    found = ask(offline, target("linux"), "app")
    assert found.outcome is Outcome.UNDECIDED
    assert "network" in found.words


@pytest.mark.slow
def test_offline_a_warm_cache_answers(server, settings, resolver, target, tmp_path):
    publish(server, "app", "1.0")
    ask(resolver, target("linux"), "app")
    asked = len(server.seen)
    offline = UvResolver(LocalExecutor(), settings, tmp_path / "resolver", offline=True)
    assert ask(offline, target("linux"), "app").pins == (("app", "1.0"),)
    assert len(server.seen) == asked


@pytest.mark.slow
def test_pages_are_kept_though_the_server_says_nothing(server, resolver, target):
    server.manners.etags = False
    publish(server, "app", "1.0")
    for _ in range(3):
        ask(resolver, target("linux"), "app")
    assert len(server.requests_for("/simple/app/")) == 1


@pytest.mark.slow
def test_a_damaged_configuration_is_written_anew(server, resolver, target, tmp_path):
    publish(server, "app", "1.0")
    ask(resolver, target("linux"), "app")
    for file in (tmp_path / "resolver").glob("uv-*.toml"):
        file.write_bytes(b"\0junk{")
    assert ask(resolver, target("macos-arm64"), "app").outcome is Outcome.RESOLVED


@pytest.mark.slow
def test_credentials_are_used_and_stand_in_neither_words_nor_files(server, target, tmp_path):
    server.manners.credentials = ("me", "hunter2")
    publish(server, "app", "1.0")
    place = server.origin.removeprefix("http://")
    settings = IndexSettings(index_url=f"http://me:hunter2@{place}/simple", timeout=5)
    found = ask(UvResolver(LocalExecutor(), settings, tmp_path), target("linux"), "app")
    assert found.pins == (("app", "1.0"),)
    assert "hunter2" not in f"{found.command} {found.words}"
    assert not [file for file in tmp_path.glob("*.toml") if "hunter2" in file.read_text()]


@pytest.mark.slow
def test_the_best_of_all_indexes_is_taken(server, target, tmp_path):
    from index_server import IndexServer

    publish(server, "app", "1.0")
    with IndexServer() as other:
        publish(other, "app", "2.0")
        settings = IndexSettings(index_url=server.simple, extra_index_urls=(other.simple,), timeout=5)
        assert ask(UvResolver(LocalExecutor(), settings, tmp_path), target("linux"), "app").pins == (("app", "2.0"),)
        settings = IndexSettings(index_url=other.simple, extra_index_urls=(server.simple,), timeout=5)
        assert ask(UvResolver(LocalExecutor(), settings, tmp_path), target("linux"), "app").pins == (("app", "2.0"),)


@pytest.mark.slow
def test_an_index_in_a_missing_folder_does_not_matter(server, target, tmp_path):
    publish(server, "app", "1.0")
    settings = IndexSettings(
        index_url=server.simple, extra_index_urls=((tmp_path / "missing").as_uri(),), find_links=(str(tmp_path / "no"),)
    )
    assert ask(UvResolver(LocalExecutor(), settings, tmp_path), target("linux"), "app").pins == (("app", "1.0"),)


def test_the_users_own_uv_variables_do_not_reach_in(server, resolver, target, monkeypatch):
    publish(server, "app", "1.0")
    publish(server, "app", "2.0")
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2001-01-01")
    monkeypatch.setenv("UV_RESOLUTION", "lowest")
    assert ask(resolver, target("linux"), "app").pins == (("app", "2.0"),)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("foo @ http://a.test/x\n--index-url=http://evil.test", "more than one line"),
        ("--index-url=http://evil.test", "is not a requirement"),
        ("foo @ file:///etc/passwd", "names a place"),
    ],
)
def test_what_metadata_says_is_no_option_and_no_place_for_uv(settings, tmp_path, line, why):
    class Never:
        """An executor that must not be asked."""

        name = "local"

        def run(self, command):
            raise AssertionError(command)

    question = Question(requirements=(line,), target=target_here())
    answer = UvResolver(Never(), settings, tmp_path).resolve(question)
    assert answer.outcome is Outcome.UNDECIDED
    assert why in answer.words
