"""Modules that users import first although their package does not; CPython imports the same in a child process."""

import sys

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


@pytest.mark.parametrize(
    "path",
    ["foo/_plotting.py", "foo/tests/__init__.py", "foo/tests/er.py", "foo/conftest.py", "foo/sub/plotting_test.py"],
)
def test_what_nobody_means_to_be_imported_is_not(site, look, path):
    site.install("bar", files={"bar.py": ""})
    site.install("foo", files={"foo/__init__.py": "", path: "from bar import gone"}, requires=["bar"])
    assert not look(site).failed


def test_a_module_named_as_tests_are_is_looked_at_where_others_import_it(site, look):
    site.install("bar", files={"bar.py": ""})
    files = {"foo/__init__.py": "", "foo/sub/ab_test.py": "from bar import gone", "foo/sub/__init__.py": ""}
    site.install("foo", files=files | {"foo/sub/plan.py": "from foo.sub import ab_test"}, requires=["bar"])
    assert {failed.module for failed in look(site).failed} >= {"foo.sub.ab_test"}


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


def _install_deep(site, text):
    site.install("bar", "2.0", files={"bar.py": "there = 1"})
    deep = {"foo/__init__.py": "", "foo/deep/__init__.py": "", "foo/deep/_er.py": text}
    lines = {"foo/plotting.py": "from .deep._er import x", "foo/deep/public.py": "from foo.deep import _er"}
    site.install("foo", files={**deep, **lines}, requires=["bar"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "from bar import gone",
        "from bar import (  # some\n    there,\n    gone,  # words\n)",
        "import bar as b\nclass X:\n    at = b.gone",
        "import bar\ndef f(x: bar.gone): ...",
        "try:\n    import bar as b\n    X = b.gone\nexcept ImportError:\n    pass",
        "try:\n    import bar as b\nexcept ImportError:\n    pass\nelse:\n    X = b.gone",
        "from inspect import formatargspec" if sys.version_info >= (3, 11) else "from collections import Mapping",
    ],
)
def test_what_lies_deep_is_found_and_told_with_those_that_import_it(site, look, text):
    _install_deep(site, text)
    assert import_in_child("foo.plotting", site)
    assert not import_in_child("foo", site)
    (failed,) = look(site).failed
    assert {each.module for _, each in failed.entrances} == {"foo.plotting", "foo.deep.public"}
    assert failed.severity is Severity.WARNING


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    from bar import gone",
        "import bar\ndef f():\n    return bar.gone",
        "try:\n    from bar import gone\nexcept ImportError:\n    x = 1",
        '"""\nfrom bar import gone\n"""\nx = 1',
        "from bar import there",
    ],
)
def test_what_looks_like_it_and_is_not_is_not_told(site, look, text):
    _install_deep(site, text)
    assert not look(site).failed


@pytest.mark.parametrize(("wants", "severity"), [("bar", Severity.WARNING), ("bar; extra == 'x'", Severity.INFO)])
def test_far_from_the_package_and_for_an_extra_it_is_a_note(site, look, wants, severity):
    site.install("bar", files={"bar.py": ""})
    files = {"foo/__init__.py": "", "foo/deep/__init__.py": "", "foo/deep/er.py": "from bar import gone"}
    site.install("foo", files=files, requires=[wants])
    assert _told(look(site)) == [("foo.deep.er", "bar", severity)]


def test_a_module_that_replaces_itself_says_nothing_of_others(site, look):
    text = "import sys\nsys.modules[__name__] = object()"
    site.install("bar", files={"bar/__init__.py": "from bar import own", "bar/own.py": text})
    site.install("foo", files={"foo/__init__.py": "from bar import gone"}, requires=["bar"])
    assert [failed.module for failed in look(site).failed] == ["foo"]


@pytest.mark.parametrize(
    ("texts", "requires", "told"),
    [
        (["import nobody_asks", "from .a import x", "x = 1"], [], {"foo.a", "foo.b"}),
        (["import nobody_asks", "x = 1", "x = 1"], [], set()),
        (["import nobody_asks", "from .a import x", "x = 1"], ["nobody-asks; extra == 'x'"], set()),
        (["import nobody_asks", "import or_this", "x = 1"], [], set()),
        (["try:\n    import nobody_asks\nexcept ImportError:\n    x = 1", "from .a import x"], [], set()),
    ],
)
def test_what_most_of_a_package_needs_and_nothing_brings_is_told(site, look, texts, requires, told):
    files = {f"foo/{name}.py": text for name, text in zip("abc", texts, strict=False)}
    site.install("foo", files={"foo/__init__.py": "", **files}, requires=requires)
    assert {each.module for one in look(site).failed for _, each in one.entrances} == told


def test_one_cause_in_several_modules_is_told_once(site, look):
    site.install("bar", files={"bar.py": ""})
    files = {f"foo/m{number}.py": "import bar\nX = bar.gone" for number in range(3)}
    site.install("foo", files={"foo/__init__.py": "", **files}, requires=["bar"])
    (failed,) = look(site).failed
    assert len(failed.entrances) == 3


@pytest.mark.parametrize("call", ["get('x', [])", "select(group='x')"])
def test_entry_points_are_no_dictionary_any_more(site, look, call):
    text = f"from importlib.metadata import entry_points\ndef all():\n    return entry_points().{call}\nALL = all()"
    site.install("foo", files={"foo/__init__.py": text})
    raised = import_in_child("foo", site)
    assert bool(look(site).failed) is bool(raised)
