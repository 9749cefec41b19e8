"""Judgments of earlier runs: taken while everything is the same, and not when anything is another."""

import pytest

from envdoctor.facts.host import Host
from envdoctor.facts.loading.environment import Environment
from loading_facts import loading_facts
from native_files import elf_bytes
from sites import Site

X86 = {"machine": "x86_64"}


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "site-packages")
    install(site)
    return site


def install(site, *needed, **more):
    files = {"foo/__init__.py": "from foo import _m", "foo/_m.so": elf_bytes(["libgone.so", *needed])} | more
    site.install("foo", files=files)


@pytest.fixture
def judged(monkeypatch):
    """The names of the distributions that were judged, in order."""
    names = []
    judge = Environment.judge

    def counted(self, distribution, **options):
        names.append(distribution.name)
        return judge(self, distribution, **options)

    monkeypatch.setattr(Environment, "judge", counted)
    return names


@pytest.fixture
def look(tmp_path):
    def look(site, **python):
        return loading_facts(site, cache=tmp_path / "cache", python=X86 | python, host=Host()).loading

    return look


def test_the_second_run_takes_the_judgment(site, look, judged):
    first = look(site)
    assert look(site) == first
    assert [one.name for _, one in first.missing] == ["libgone.so"]
    assert judged == ["foo"]


@pytest.mark.parametrize(
    "change",
    [
        lambda site: install(site, "libother.so"),
        lambda site: install(site, **{"foo/more.py": ""}),
        lambda site: (site.path / "foo/__init__.py").write_text("try:\n    from foo import _m\nexcept OSError: pass"),
        lambda site: site.install("bar"),
        lambda site: (site.path / "foo/__init__.py").unlink(),
    ],
    ids=["another missing library", "another RECORD", "a changed module", "another distribution", "a lost module"],
)
def test_another_environment_is_judged_anew(site, look, judged, change):
    look(site)
    change(site)
    look(site)
    assert judged == ["foo", "foo"]


def test_a_library_of_another_distribution_that_is_gone(site, look, judged):
    """What is judged counts on what others load before: a judgment from when they were whole is not taken."""
    site.install("core", files={"core/__init__.py": "", "core/libcore.so": elf_bytes(soname="libcore.so")})
    look(site)
    (site.path / "core/libcore.so").unlink()
    look(site)
    assert judged == ["foo", "foo"]


def test_other_code(site, look, judged, monkeypatch):
    look(site)
    monkeypatch.setattr("envdoctor.facts.loading.memory.hash_code", lambda *_folders: "other")
    look(site)
    assert judged == ["foo", "foo"]


def test_another_python_or_search_path(site, look, judged, monkeypatch):
    look(site)
    look(site, version="3.9.99")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    look(site)
    assert judged == ["foo"] * 3


def test_a_distribution_without_record_is_judged_each_time(site, look, judged):
    (site.path / "foo-1.0.dist-info/RECORD").unlink()
    first = look(site)
    assert look(site) == first
    assert [one.name for _, one in first.missing] == ["libgone.so"]
    assert judged == ["foo", "foo"]


def test_nothing_is_written_where_nothing_is_missing(tmp_path, look):
    site = Site(tmp_path / "sound")
    site.install("foo", files={"foo/_m.so": elf_bytes()})
    assert look(site).analyses == ()
    assert not (tmp_path / "cache" / "loading").exists()


def test_a_damaged_memory_is_none(tmp_path, site, look, judged):
    first = look(site)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0" * 100)
    assert look(site) == first
    assert judged == ["foo", "foo"]
