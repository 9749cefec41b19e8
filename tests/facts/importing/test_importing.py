"""What importing installed packages comes to; the tests' own interpreter imports the same in a child process."""

import os
import py_compile

import pytest

from envdoctor.core.finding import Severity
from envdoctor.facts.importing.fixes import fix_of
from envdoctor.facts.python.search_path import Origin
from extensions import compile_module
from loading_facts import HERE, import_in_child, loading_facts, told
from sites import Site

#: What fails: files of the distribution `foo`, of `bar` beside it, and the words of CPython.
FAILING = {
    "a module that nobody has": ({"foo/__init__.py": "import nobody_has_this"}, {}, "No module named"),
    "a module that another lacks": ({"foo.py": "import bar.sub"}, {"bar/__init__.py": ""}, "No module named 'bar.sub'"),
    "a name that another lacks": ({"foo.py": "from bar import new"}, {"bar.py": "old = 1"}, "cannot import name 'new'"),
    "an attribute that another lacks": ({"foo.py": "import bar\nbar.new"}, {"bar.py": "old = 1"}, "has no attribute"),
    "a package of its own": ({"foo/__init__.py": "from foo import gone"}, {}, "cannot import name 'gone'"),
    "two steps away": ({"foo/__init__.py": "from . import a", "foo/a.py": "import nobody_has_this"}, {}, "nobody_has"),
    "a namespace's part": ({"foo.py": "import space.gone"}, {"space/here/__init__.py": ""}, "No module named"),
    "a name that setuptools dropped": ({"foo.py": "from pkg_resources import parse_version"}, {}, "pkg_resources"),
    "a module that Python dropped": ({"foo.py": "import binhex\nimport nobody_has_this"}, {}, "No module named"),
    "after a handler for something else": (
        {"foo.py": "try:\n    import nobody_has_this\nexcept ValueError:\n    pass"}, {}, "No module named",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAILING)
def test_what_fails_is_told(site, look, kind):
    files, beside, words = FAILING[kind]
    site.install("foo", files=files)
    if beside:
        site.install("bar", files=beside)
    assert words in import_in_child("foo", site)
    (failed,) = look(site).failed
    assert (failed.distribution.name, failed.module, failed.severity) == ("foo", "foo", Severity.ERROR)
    assert failed.asking.path.startswith(str(site.path))
    assert failed.asking.line


FINE = {
    "a guarded import": ({"foo.py": "try:\n    import nobody\nexcept ImportError:\n    nobody = None"}, {}),
    "another's module": ({"foo.py": "import bar.sub"}, {"bar/__init__.py": "", "bar/sub.py": ""}),
    "a namespace of two": ({"space/foo/__init__.py": "import space.bar"}, {"space/bar/__init__.py": ""}),
    "a name that another makes": ({"foo.py": "import bar\nbar.new"}, {"bar.py": "globals()['new'] = 1"}),
    "a name that is given before": (
        {"foo.py": "import bar, qux\nbar.new"}, {"bar.py": "", "qux.py": "import bar\nbar.new = 1"},
    ),
    "a name by __getattr__": ({"foo.py": "from bar import x"}, {"bar.py": "def __getattr__(name):\n    return 1"}),
    "a name of others beside __getattr__": (
        {
            "foo/__init__.py": "from foo.a import new",
            "foo/a.py": "from bar import *\ndef __getattr__(name):\n    raise AttributeError(name)",
        },
        {"bar.py": "globals()['new'] = 1"},
    ),
    "a submodule as a name": ({"foo.py": "from bar import sub"}, {"bar/__init__.py": "", "bar/sub.py": ""}),
    "on first use": ({"foo.py": "def later():\n    import nobody_has_this"}, {}),
    "for another system": ({"foo.py": "import sys\nif sys.platform == 'vms':\n    import nobody"}, {}),
    "a path that is added": (
        {"foo/__init__.py": "import sys\nsys.path.append(__path__[0])\nimport inner", "foo/inner.py": ""},
        {},
    ),
    "two that import each other": ({"foo.py": "import bar\nX = 1"}, {"bar.py": "import foo"}),
    "an import that another's failure leads past": (
        {"foo.py": "try:\n    import bar\nexcept ImportError:\n    bar = None"}, {"bar.py": "import nobody"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FINE)
def test_what_works_is_not_told(site, look, kind):
    files, beside = FINE[kind]
    site.install("foo", files=files)
    if beside:
        site.install("bar", files=beside)
    module = "space.foo" if "space/foo/__init__.py" in files else "foo"
    assert import_in_child(module, site) == ""
    assert not [each for each in look(site).failed if each.distribution.name == "foo"]


def test_a_failure_is_told_of_the_package_where_it_begins(site, look):
    site.install("foo", files={"foo.py": "import bar"}, requires=["bar"])
    site.install("bar", files={"bar/__init__.py": "import nobody_has_this"})
    (failed,) = look(site).failed
    assert failed.module == "bar"
    assert failed.uses == ("`import bar`", "`import foo`")


def test_a_package_that_mostly_needs_it_does_not_do_without(site, look):
    """As djangorestframework, which is imported without Django and is of no use without it."""
    files = {f"foo/m{number}.py": "import bar" for number in range(3)}
    site.install("foo", files={"foo/__init__.py": "", "foo/other.py": "", **files}, requires=["bar"])
    site.install("bar", files={"bar/__init__.py": "import nobody_has_this"})
    assert ("bar", Severity.ERROR) in [(each.module, each.severity) for each in look(site).failed]


def test_what_those_who_require_it_do_without_is_only_noted(site, look):
    site.install("foo", files={"foo.py": "def later():\n    import bar"}, requires=["bar"])
    site.install("bar", files={"bar/__init__.py": "import nobody_has_this"})
    (failed,) = look(site).failed
    assert (failed.severity, [one.name for one in failed.spared]) == (Severity.INFO, ["foo"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["import bar\nimport no_such_module", "import later\n" + "x = [1]\n" * 21_000 + "import bar"]
)
def test_what_fails_itself_or_was_not_followed_to_its_end_does_not_do_without(text, site, look):
    site.install("foo", files={"foo.py": text, "later.py": ""}, requires=["bar"])
    site.install("bar", files={"bar/__init__.py": "import nobody_has_this"})
    assert import_in_child("foo", site)
    assert ["bar", Severity.ERROR, ()] in [[each.module, each.severity, each.spared] for each in look(site).failed]


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="reads ELF files of this machine")
@pytest.mark.parametrize(("file", "fails"), [("_fast", False), ("_other", True)])
def test_an_extension_module_without_the_function_of_its_name(file, fails, site, look, tmp_path):
    module = compile_module(tmp_path, "_fast")
    site.install("foo", files={"foo/__init__.py": f"from foo import {file}", f"foo/{file}.so": module})
    assert ("PyInit" in import_in_child("foo", site)) is fails
    facts = look(site).failed
    assert [each.failures[0].cause.name for each in facts] == (["foo._other"] if fails else [])


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="reads ELF files of this machine")
@pytest.mark.parametrize("name", ["bar", "foo"])
def test_a_stray_extension_module_in_place_of_a_package(name, site, tmp_path):
    """No distribution lists it, and it comes before the package's own text."""
    site.install("foo", files={"foo/__init__.py": ""})
    site.write("foo/__init__.so", compile_module(tmp_path, name))
    fails = name != "foo"
    assert ("PyInit" in import_in_child("foo", site)) is fails
    facts = loading_facts(site, cache=tmp_path / "cache")
    told = [fix_of(each, facts).text for each in facts.importing.failed]
    assert [each.startswith(f"Remove {site.path / 'foo/__init__.so'}, ") for each in told] == [True] * fails


@pytest.mark.slow
def test_the_first_folder_of_the_search_path_wins(tmp_path, look):
    first, second = Site(tmp_path / "first"), Site(tmp_path / "second")
    first.install("bar", "1.0", {"bar.py": "old = 1"})
    second.install("bar", "2.0", {"bar.py": "new = 1"})
    second.install("foo", files={"foo.py": "from bar import new"})
    assert "cannot import name" in import_in_child("foo", first, second)
    assert told(look(first, second)) == [("foo", "foo", "bar")]
    assert import_in_child("foo", second, first) == ""
    assert told(look(second, first)) == []


def test_what_lies_in_a_folder_of_a_pth_file_is_found(tmp_path, look, site):
    project = Site(tmp_path / "project", Origin.PTH)
    project.write("bar/__init__.py", "")
    site.install("foo", files={"foo.py": "import bar"})
    site.install_editable("bar", project.path)
    assert told(look(site, project)) == []
    assert told(look(site)) == [("foo", "foo", "bar")]


def test_what_an_editable_finder_maps_is_found(tmp_path, look, site):
    (tmp_path / "src" / "bar").mkdir(parents=True)
    (tmp_path / "src" / "bar" / "__init__.py").write_text("here = 1")
    finder = f"MAPPING: dict[str, str] = {{'bar': {str(tmp_path / 'src' / 'bar')!r}}}\nNAMESPACES = {{}}\n"
    line = "import __editable___bar_1_0_finder; __editable___bar_1_0_finder.install()\n"
    site.install("bar", files={"__editable__.bar-1.0.pth": line, "__editable___bar_1_0_finder.py": finder})
    site.install("foo", files={"foo.py": "from bar import here"})
    site.install("qux", files={"qux.py": "from bar import gone"})
    assert told(look(site)) == [("qux", "qux", "bar")]


def test_beside_a_finder_of_unknown_kind_nothing_is_held_to_be_absent(look, site):
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    assert len(look(site).failed) == 1
    site.write("hook.pth", "import hook; hook.install()\n")
    site.write("hook.py", "import sys\ndef install():\n    sys.meta_path.append(None)\n")
    assert look(site).failed == ()


def test_an_extension_module_counts_by_the_suffixes_of_the_python(site, look):
    site.install("foo", files={"foo/__init__.py": "from foo import _fast", "foo/_fast.cpython-34m.so": b"\x7fELF"})
    (failed,) = look(site).failed
    assert failed.told_by == "PKG007"


def test_of_several_packages_the_one_of_the_distributions_name_counts(site, look):
    site.install("foo", files={"foo/__init__.py": "", "foo_extras/__init__.py": "import nobody_has_this"})
    assert look(site).failed == ()
    site.install("bar", files={"b1.py": "import nobody_has_this", "b2.py": ""})
    (failed,) = look(site).failed
    assert (failed.module, failed.severity) == ("b1", Severity.WARNING)


UNMET = {
    "of another version": ("bar>=2", {"bar.py": "old = 1"}, "from bar import new"),
    "not there": ("bar", None, "import bar"),
}


@pytest.mark.parametrize("kind", UNMET)
def test_what_a_requirement_explains_is_told_as_that(site, look, kind):
    line, files, text = UNMET[kind]
    site.install("foo", files={"foo.py": text}, requires=[line])
    if files:
        site.install("bar", "1.0", files)
    (failed,) = look(site).failed
    assert failed.told_by == "PKG001"


def test_a_lost_file_explains_its_failure(site, look):
    site.install("foo", files={"foo/__init__.py": "from foo import part", "foo/part.py": ""})
    (site.path / "foo" / "part.py").unlink()
    (failed,) = look(site).failed
    assert failed.told_by == "PKG005"


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="asks this machine's loader, with glibc on Linux")
def test_libraries_are_looked_for_as_this_machine_does(site, look):
    text = "from ctypes.util import find_library\nif find_library({!r}) is None:\n    raise OSError('none')"
    site.install("foo", files={"foo.py": text.format("nobody_has_this")})
    site.install("bar", files={"bar.py": text.format("c")})
    assert import_in_child("foo", site) == "OSError: none"
    assert import_in_child("bar", site) == ""
    (failed,) = look(site).failed
    assert failed.module == "foo"
    assert failed.failures[0].sought[0].subject == "nobody_has_this"


def test_asked_to_be_left_out_nothing_is_looked_at(site, look):
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    importing = look(site, topics=frozenset({"machine", "fast"}))
    assert (importing.left_out, importing.failed) == (True, ())


#: What is not wrong: files of `foo` and of `bar` beside it, and what is imported; CPython imports it too.
SOUND = {
    "an annotation in a function": (
        {"foo.py": "class A:\n    def __init__(self):\n        self.x: Nowhere = 1\nA()"}, {}, "foo",
    ),
    "a class in the place of a module of its name": (
        {"foo.py": "import bar\nbar.part.name"},
        {"bar/__init__.py": "from .part import Part as part", "bar/part.py": "class Part:\n    name = 1"}, "foo",
    ),
    "a name by way of the caller's frame": (
        {"foo/__init__.py": "from foo import tool", "foo/user.py": "from foo.tool import make\nmake()\nmade",
         "foo/tool.py": "import sys\ndef make():\n    names = sys._getframe(1).f_globals\n    names['made'] = 1"},
        {}, "foo.user",
    ),
    "a name that another distribution gives by way of the caller's frame": (
        {"foo/__init__.py": "from foo.given import made\nfrom elsewhere import other",
         "foo/given.py": "from bar import public\npublic(made=1)",
         "elsewhere.py": "from bar import public\npublic(other=1)"},
        {"bar/__init__.py": "from ._public import public\n__all__ = ['public']",
         "bar/_public.py": "import sys\nfrom typing import overload\n@overload\ndef public(a): ...\n"
         "def public(a=None, **more):\n    sys._getframe(1).f_globals.update(more)"}, "foo",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOUND)
def test_of_what_is_not_wrong_nothing_is_told(site, look, kind):
    files, beside, module = SOUND[kind]
    site.install("foo", files=files | {"foo-1.0.dist-info/entry_points.txt": f"[console_scripts]\nfoo = {module}:x"})
    if beside:
        site.install("bar", files=beside)
    assert import_in_child(module, site) == ""
    assert told(look(site)) == []


@pytest.mark.slow
def test_the_part_of_a_package_that_is_its_own_is_asked_for_names(site, look):
    site.install("foo", files={"foo.py": "import bar\nbar.part.gone"})
    site.install("bar", files={"bar/__init__.py": "from . import part", "bar/part.py": "name = 1"})
    assert "no attribute 'gone'" in import_in_child("foo", site)
    assert told(look(site)) == [("foo", "foo", "bar.part")]


def test_a_text_that_can_not_be_compiled_is_told_with_its_line(site, look):
    site.install("foo", files={"foo/__init__.py": "from foo import bad", "foo/bad.py": "x = 1\nprint x\n"})
    assert "SyntaxError" in import_in_child("foo", site)
    (failed,) = look(site).failed
    assert (failed.failures[0].raises, failed.asking.line, failed.asking.excerpt) == ("SyntaxError", 2, "print x")


@pytest.mark.slow
def test_a_compiled_file_of_the_same_time_and_size_stands_in_for_a_damaged_text(site, look):
    site.install("foo", files={"foo.py": "x = 1\n"})
    text = site.path / "foo.py"
    py_compile.compile(str(text), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    times = text.stat()
    text.write_bytes(bytes(len("x = 1\n")))
    os.utime(text, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert import_in_child("foo", site) == ""
    assert look(site).failed == ()
    os.utime(text, (1, 1))
    assert "null bytes" in import_in_child("foo", site)
    assert len(look(site).failed) == 1


@pytest.mark.slow
def test_the_program_itself_is_always_a_module(site, look):
    site.install("foo", files={"foo.py": "import __main__\nfrom __main__ import __name__ as name\n"})
    site.install("bar", files={"bar.py": "try:\n    from __main__ import settings\nexcept ImportError:\n    pass\n"})
    assert not import_in_child("foo", site)
    assert not import_in_child("bar", site)
    assert not look(site).failed


def test_of_several_lines_that_raise_the_one_that_does_is_shown(site, look):
    site.install("foo", files={"foo.py": "def f():\n    raise ValueError(1)\nif f:\n    raise ValueError(2)"})
    (failed,) = look(site).failed
    assert (failed.asking.line, failed.asking.excerpt) == (4, "raise ValueError(2)")
