"""Verdicts of earlier runs: taken while all that they rest on is the same, and not when anything is another."""

import os
import time

import pytest

from envdoctor.facts.importing import rehearsal
from loading_facts import loading_facts
from sites import Site

SCRIPTS = "[console_scripts]\ntool = tool:main\ngone = tool:gone\n"


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "site-packages")
    site.install("foo", files={"foo/__init__.py": "import bar\nfrom foo import part", "foo/part.py": "import qux"})
    site.install("bar", files={"bar/__init__.py": "import nobody_has_this"})
    site.install("qux", files={"qux.py": ""})
    return site


@pytest.fixture
def followed(monkeypatch):
    """The modules whose import was followed, in order."""
    names = []
    judge = rehearsal.judge_import

    def noted(module, *arguments):
        names.append(module)
        return judge(module, *arguments)

    monkeypatch.setattr(rehearsal, "judge_import", noted)
    return names


@pytest.fixture
def look(tmp_path, followed):
    def look(site):
        followed.clear()
        return loading_facts(site, cache=tmp_path / "cache").importing

    return look


def test_the_second_run_follows_nothing(site, look, followed):
    first = look(site)
    assert set(followed) == {"foo", "bar", "qux"}
    assert look(site) == first
    assert followed == []


def test_a_changed_text_is_followed_again_with_what_asked_for_it(site, look, followed):
    look(site)
    (site.path / "bar" / "__init__.py").write_text("import qux #" + "x" * 40)
    assert look(site).failed == ()
    assert set(followed) == {"bar", "foo"}


def test_a_text_of_the_same_size_and_time_is_followed_again_by_its_change_time(site, look, followed):
    look(site)
    path = site.path / "qux.py"
    before = path.stat()
    path.write_text("")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    look(site)
    assert "qux" in followed


def test_a_module_that_came_since_is_found(site, look):
    assert [each.module for each in look(site).failed] == ["bar"]
    site.write("nobody_has_this.py", "")
    assert look(site).failed == ()


@pytest.mark.slow
def test_a_module_that_went_is_missed(site, look):
    look(site)
    (site.path / "qux.py").unlink()
    assert {each.failures[0].cause.subject for each in look(site).failed} == {"nobody_has_this"}
    (site.path / "bar" / "__init__.py").write_text("")
    assert {each.failures[0].cause.subject for each in look(site).failed} == {"qux"}


def test_another_version_is_followed_anew(site, look, followed):
    look(site)
    metadata = site.path / "qux-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    look(site)
    assert "qux" in followed


def test_what_was_not_finished_is_followed_again(site, look, followed, monkeypatch):
    with monkeypatch.context() as hasty:
        hasty.setattr("envdoctor.facts.importing.effort.MOST_STEPS", -1)
        assert len(look(site).unfinished) == 3
    assert [each.module for each in look(site).failed] == ["bar"]
    assert set(followed) == {"foo", "bar", "qux"}


def test_a_damaged_memory_is_none(site, look, tmp_path, followed):
    first = look(site)
    for path in (tmp_path / "cache" / "importing").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert look(site) == first
    assert followed


def test_the_second_run_looks_for_the_names_of_commands_in_nothing(site, look, monkeypatch):
    site.install("tool", files={"tool.py": "def main(): ...", "tool-1.0.dist-info/entry_points.txt": SCRIPTS})
    first = look(site)
    assert [one.name for one in first.broken] == ["gone"]
    monkeypatch.setattr(rehearsal, "ModuleNames", None)
    assert look(site) == first


NEEDED = (
    "import os\nif '{0}' not in os.environ:\n    raise RuntimeError\nif not os.getenv('{0}'):\n    raise RuntimeError\n"
)
CHOSEN = "import os\nif os.environ.get('FOO_KIND', 'plain') == 'other':\n    import nobody_has_this\n"


def test_variables_of_this_process_decide(tmp_path, look, monkeypatch):
    site = Site(tmp_path / "site-packages")
    site.install("foo", files={"foo.py": NEEDED.format("FOO_HOME")})
    site.install("bar", files={"bar.py": CHOSEN})
    site.install(
        "baz", files={"baz.py": "import os\nif os.environ['FOO_KIND'] == 'other':\n    import nobody_has_this"}
    )
    monkeypatch.setenv("FOO_HOME", "/x")
    monkeypatch.setenv("FOO_KIND", "plain")
    assert look(site).failed == ()
    monkeypatch.setenv("FOO_KIND", "other")
    assert [(one.module, one.variables) for one in look(site).failed] == [
        ("bar", ("FOO_KIND",)),
        ("baz", ("FOO_KIND",)),
    ]
    monkeypatch.delenv("FOO_KIND")
    monkeypatch.delenv("FOO_HOME")
    assert [(one.module, one.variables) for one in look(site).failed] == [("foo", ())]


def link(site, name):
    """Another environment gets the file from where both are linked."""
    time.sleep(0.02)  # the steps in which a system's clock counts the times of files
    (site.path.parent / f"another{len(list(site.path.parent.iterdir()))}").hardlink_to(site.path / name)


@pytest.mark.skipif(os.name == "nt", reason="st_ctime is the time of creation there")
def test_a_text_that_is_linked_elsewhere_is_the_same_until_it_is_written_to(site, look, followed):
    path = site.path / "qux.py"
    path.write_text("a = 1")
    link(site, "qux.py")
    first = look(site)
    link(site, "qux.py")
    assert look(site) == first
    assert followed == []
    before = path.stat()
    path.write_text("a = 2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    link(site, "qux.py")
    look(site)
    assert "qux" in followed


def test_a_text_that_changes_while_imports_are_followed_is_read_anew(site, look, followed, monkeypatch):
    judge = rehearsal.judge_import

    def changing(module, *arguments):
        found = judge(module, *arguments)
        if module == "qux":
            time.sleep(0.02)
            (site.path / "qux.py").write_text("import nobody_has_that")
        return found

    monkeypatch.setattr(rehearsal, "judge_import", changing)
    look(site)
    monkeypatch.setattr(rehearsal, "judge_import", judge)
    assert {each.failures[0].cause.subject for each in look(site).failed} == {"nobody_has_this", "nobody_has_that"}
