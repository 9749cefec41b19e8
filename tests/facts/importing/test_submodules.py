"""Modules that users import first although their package does not; CPython imports the same in a child process."""

import pytest

from envdoctor.core.finding import Severity
from loading_facts import import_in_child

#: Texts of `foo.plotting`, beside `bar` 2.0 that has no `gone`, and whether they fail.
TEXTS = {
    "a name": ("from bar import gone", True),
    "an attribute": ("import bar\nX = bar.gone", True),
    "a module": ("import bar.gone", True),
    "a module of older Pythons": ("import asynchat", None),
    "what an extra brings, and is not there": ("import extra_only", False),
    "what nobody asks for": ("import nobody_asks", False),
    "what there is": ("from bar import there", False),
    "a module of another system": ("import msvcrt", False),
    "in place of what is not there": ("try:\n    import quick\nexcept ImportError:\n    from bar import gone", False),
}
REQUIRES = ["bar>=1", "extra_only; extra == 'more'"]


def _told(importing):
    return [(failed.module, failed.failures[0].cause.subject, failed.severity) for failed in importing.failed]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_public_modules_are_looked_at(site, look, kind):
    """What the package itself does not require, and does not have, is what nobody asked for: no alarm."""
    text, fails = TEXTS[kind]
    site.install("bar", "2.0", files={"bar.py": "there = 1"})
    site.install("foo", files={"foo/__init__.py": "", "foo/plotting.py": text}, requires=REQUIRES)
    assert not import_in_child("foo", site)
    raised = import_in_child("foo.plotting", site)
    if fails is not False:
        assert bool(_told(look(site))) is bool(raised)
        assert fails is None or raised
    else:
        assert not _told(look(site))


@pytest.mark.parametrize("path", ["foo/_plotting.py", "foo/tests/__init__.py", "foo/deep/er.py", "foo/conftest.py"])
def test_what_nobody_means_to_be_imported_is_not(site, look, path):
    site.install("bar", files={"bar.py": ""})
    site.install("foo", files={"foo/__init__.py": "", path: "from bar import gone"}, requires=["bar"])
    assert not look(site).failed


def test_it_is_a_warning(site, look):
    site.install("bar", files={"bar.py": ""})
    site.install("foo", files={"foo/__init__.py": "", "foo/api.py": "from bar import gone"}, requires=["bar"])
    assert _told(look(site)) == [("foo.api", "bar", Severity.WARNING)]


def test_it_is_looked_at_though_all_effort_is_spent(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 10)
    site.install("bar", files={"bar.py": ""})
    files = {"foo/__init__.py": "X = 1\n" * 90, "foo/api.py": "from bar import gone"}
    site.install("foo", files=files, requires=["bar"])
    assert _told(look(site)) == [("foo.api", "bar", Severity.WARNING)]


def test_only_so_much_is_spent_on_them(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.submodules._MOST_STEPS", 40)
    site.install("bar", files={"bar.py": ""})
    files = {f"foo/m{number}.py": "X = 1\n" * 30 + "from bar import gone" for number in range(5)}
    site.install("foo", files={"foo/__init__.py": "", **files}, requires=["bar"])
    assert len(look(site).failed) == 1
