"""How far imports are followed: counted, and shared between large packages and small ones."""

import itertools
import shutil

import pytest

from envdoctor.facts.importing.unit_site import UnitSite
from loading_facts import told


@pytest.mark.slow
def test_a_package_of_many_modules_is_followed_to_its_end(site, look):
    files = {f"foo/m{number}.py": "" for number in range(90)}
    files["foo/__init__.py"] = "".join(f"from foo import m{number}\n" for number in range(90)) + "import gone"
    site.install("foo", files=files)
    assert told(look(site)) == [("foo", "foo", "gone")]


def test_a_large_package_is_said_not_to_be_followed(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.PART", 5)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.WHOLE", 7)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal._FEW", 9)
    site.install("foo", files=chain("foo"))
    importing = look(site)
    assert [module for _, module in importing.unfinished] == ["foo"]
    assert (importing.failed, importing.looked_at) == ((), 1)


def chain(name, last=""):
    """A package of eleven modules, each of which imports the next."""
    files = {f"{name}/m{number}.py": f"from {name} import m{number + 1}" for number in range(9)}
    return {f"{name}/__init__.py": f"from {name} import m0", **files, f"{name}/m9.py": last}


def test_a_large_package_is_followed_further_with_what_is_left(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.PART", 5)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal._FEW", 9)
    site.install("foo", files=chain("foo", "import nobody_has_this"))
    assert told(look(site)) == [("foo", "foo", "nobody_has_this")]


def test_what_is_proven_with_the_last_of_the_effort_is_told(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.survey.FURTHER_STEPS", 2)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.PART", 5)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal._FEW", 9)
    site.install("foo", files=chain("foo", "import nobody_has_this"))
    assert told(look(site)) == [("foo", "foo", "nobody_has_this")]


@pytest.mark.parametrize("requires", [(), ("what_it_lacks",)])
def test_a_large_package_leaves_enough_for_small_ones(site, look, monkeypatch, requires):
    """The large one is asked about first of all, the more so if it lacks something, and by the small one, too."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 400)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.PART", 5)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal._FEW", 9)
    files = {path: text + "\nX = 1" * 50 for path, text in chain("a_monster").items()}
    site.install("a_monster", files=files, requires=requires)
    site.install("zoo", files={"zoo.py": "import a_monster\nimport nobody_has_this"})
    importing = look(site)
    assert told(importing) == [("zoo", "zoo", "nobody_has_this")]
    look(site)
    third = look(site)
    assert (told(third), third.unfinished, third.goes_on) == (told(importing), importing.unfinished, False)


def test_a_large_package_that_seems_to_come_to_what_nothing_brings_is_looked_at_first(site, look, monkeypatch):
    """As tf2onnx without TensorFlow, in an environment where small packages use up all of the effort."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 300)
    monkeypatch.setattr("envdoctor.facts.importing.survey.FURTHER_STEPS", 2)
    for number in range(9):
        site.install(f"small{number}", files=chain(f"small{number}", "X = 1\n" * 30))
    fill = {f"zoo/fill{number}.py": "" for number in range(30)}
    files = {**fill, "zoo/__init__.py": "import zoo.a.b", "zoo/a/__init__.py": "", "zoo/a/b.py": "from .c import d"}
    site.install("zoo", files={**files, "zoo/a/c.py": "import nobody_has_this\nd = 1"})
    assert told(look(site)) == [("zoo", "zoo", "nobody_has_this")]


def test_whether_those_who_require_it_do_without_is_asked_though_all_is_spent(site, look, monkeypatch):
    """As ipykernel does without what matplotlib_inline fails for, in an environment of hundreds of distributions."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 60)
    site.install("bar", files={"bar.py": "import nobody_has_this"})
    site.install("foo", files={**chain("foo", "X = 1\n" * 90), "foo/backend.py": "import bar"}, requires=["bar"])
    importing = look(site)
    assert told(importing) == [("bar", "bar", "nobody_has_this")]
    assert [one.name for one in importing.failed[0].spared] == ["foo"]


def test_a_module_that_two_enter_is_one_import(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", -1)
    commands = "[console_scripts]\none = foo.m:a\ntwo = foo.m:b\n"
    site.install("foo", files={"foo/__init__.py": "", "foo/m.py": "", "foo-1.0.dist-info/entry_points.txt": commands})
    importing = look(site)
    assert len(importing.unfinished) == importing.looked_at == 2


def test_the_next_look_goes_on_where_the_effort_was_up(site, look, monkeypatch):
    """As in an environment of hundreds of distributions."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 150)
    for number in range(20):
        site.install(f"small{number}", files=chain(f"small{number}"))
    fill = {f"zoo/fill{number}.py": "" for number in range(40)}
    site.install("zoo", files=chain("zoo", "import nobody_has_this") | fill)
    left = [look(site)]
    while left[-1].goes_on:
        left.append(look(site))
    assert len(left) > 2
    counts = [len(one.unfinished) for one in left]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0
    assert told(left[-1]) == [("zoo", "zoo", "nobody_has_this")]


def test_a_machine_that_takes_too_long_is_late(site, look, run_slowly):
    run_slowly(10_000)
    site.install("foo", files={"foo/__init__.py": "from . import m", "foo/m.py": ""})
    assert look(site).goes_on


def test_what_one_import_went_through_is_not_gone_through_again(site, look, monkeypatch):
    read: list[str] = []
    take = UnitSite.read
    monkeypatch.setattr(UnitSite, "read", lambda self, module: read.append(module) or take(self, module))
    site.install("foo", files={"foo.py": "from bar import a, b"})
    site.install("bar", files={
        "bar/__init__.py": "", "bar/a.py": "from bar import c", "bar/b.py": "from bar import c", "bar/c.py": "",
    })  # fmt: skip
    assert look(site).failed == ()
    assert read.count("bar.c") == 1


@pytest.fixture
def run_slowly(monkeypatch):
    """A clock on which each look takes its time, on a machine that is so many times slower."""

    def run_slowly(times):
        clock = itertools.count(step=0.01 * times)
        monkeypatch.setattr("time.thread_time", lambda: next(clock))

    return run_slowly


def test_a_machine_that_is_slower_comes_to_the_same_answer(site, look, run_slowly, tmp_path):
    for number in range(60):
        site.install(f"foo{number}", files={f"foo{number}/__init__.py": "from . import m", f"foo{number}/m.py": ""})
    site.install("zoo", files={"zoo/__init__.py": "import nobody_has_this"})
    answers = []
    for times in (1, 3):
        run_slowly(times)
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        answers.append(look(site))
    assert answers[0] == answers[1]
    assert not answers[0].unfinished
    assert told(answers[0]) == [("zoo", "zoo", "nobody_has_this")]


def test_what_only_seems_to_come_to_what_nothing_brings_leaves_enough_for_what_does(site, look, monkeypatch):
    """As panel, which a docstring made a candidate, for tf2onnx."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 300)
    for name in "abc":
        modules = {f"{name}_{number}.py": "X = 1\n" * 30 for number in range(9)}
        for path, text in modules.items():
            site.install(path.removesuffix(".py"), files={path: text})
        uses = "".join(f"import {path.removesuffix('.py')}\n" for path in modules)
        site.install(name, files={f"{name}.py": f'"""As in:\n\nimport nobody_has_that\n"""\n{uses}'})
    files = {f"zoo/fill{number}.py": "" for number in range(30)}
    site.install("zoo", files={**files, "zoo/__init__.py": "import zoo.a", "zoo/a.py": "import nobody_has_this"})
    assert told(look(site)) == [("zoo", "zoo", "nobody_has_this")]


def test_one_large_package_of_which_much_is_imported_leaves_enough_for_all(site, look, monkeypatch):
    """As bokeh, each of whose modules imports most others."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 2000)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.PART", 5)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal._FEW", 9)
    lines = "".join(f"import monster.m{number}\n" for number in range(20))
    modules = {f"monster/m{number}.py": lines + "X = 1\n" * 20 for number in range(20)}
    site.install("monster", files={"monster/__init__.py": "", **modules})
    site.install("a_user", files={"a_user.py": lines})
    site.install("zoo", files={"zoo/__init__.py": "import zoo.a", "zoo/a.py": ""})
    assert "zoo" not in [module for _, module in look(site).unfinished]


def test_a_package_of_long_texts_leaves_enough_for_looks_at_others(site, look, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 300)
    monkeypatch.setattr("envdoctor.facts.importing.suspects._MOST_CHARACTERS", 0)
    monkeypatch.setattr("envdoctor.facts.importing.suspects._MOST_ALONG", 24_000)
    monkeypatch.setattr("envdoctor.facts.importing.suspects._MOST_ALONG_ONE", 2000, raising=False)
    for number in range(9):
        site.install(f"small{number}", files=chain(f"small{number}", "X = 1\n" * 30))
    site.install("long", files={path: text + "\nX = 1" * 500 for path, text in chain("long").items()})
    fill = {f"zoo/fill{number}.py": "" for number in range(30)}
    site.install("zoo", files={**fill, "zoo/__init__.py": "import zoo.a", "zoo/a.py": "import nobody_has_this"})
    assert told(look(site)) == [("zoo", "zoo", "nobody_has_this")]
