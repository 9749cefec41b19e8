"""What importing installed packages comes to; the tests' own interpreter imports the same in a child process."""

import itertools
import os
import py_compile
import shutil
import sys

import pytest

from envdoctor.core.finding import Severity
from envdoctor.facts.importing.unit_site import UnitSite
from envdoctor.facts.python.search_path import Origin
from extensions import compile_module
from loading_facts import HERE, import_in_child, loading_facts
from sites import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def look(tmp_path):
    def look(*sites, **more):
        return loading_facts(*sites, cache=tmp_path / "cache", **more).importing

    return look


def told(importing):
    return [(each.distribution.name, each.module, each.failures[0].cause.subject) for each in importing.failed]


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
def test_a_package_of_many_modules_is_followed_to_its_end(site, look):
    files = {f"foo/m{number}.py": "" for number in range(90)}
    files["foo/__init__.py"] = "".join(f"from foo import m{number}\n" for number in range(90)) + "import gone"
    site.install("foo", files=files)
    assert told(look(site)) == [("foo", "foo", "gone")]


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


COMMANDS = "[console_scripts]\nfoo = foo.main:run\nother = foo.other:Tool.start\n"


STARTS = "class Tool:\n    def start(): ...\n"


def install_commands(site, main, other=STARTS, requires=()):
    info = site.install(
        "foo", files={"foo/__init__.py": "", "foo/main.py": main, "foo/other.py": other}, requires=requires
    )
    (info / "entry_points.txt").write_text(COMMANDS)


def test_the_modules_that_commands_enter_are_followed(site, look):
    install_commands(site, "import pkg_resources", "import nobody_has_this")
    assert [(each.module, each.severity) for each in look(site).failed] == [
        ("foo.main", Severity.ERROR),
        ("foo.other", Severity.WARNING),
    ]


def test_what_a_command_needs_of_an_extra_is_no_fault(site, look):
    install_commands(site, "import click\ndef run(): ...", requires=['click; extra == "cli"'])
    assert look(site).failed == ()


def test_a_command_that_says_itself_what_it_lacks_is_no_fault(site, look):
    text = "import sys\ntry:\n    import click\nexcept ImportError:\n    sys.exit('install foo[cli]')\ndef run(): ..."
    install_commands(site, text)
    assert look(site).failed == ()


@pytest.mark.parametrize(("second", "is_told"), [("hub.old", False), ("another", True)])
def test_a_command_for_those_who_have_a_project_is_no_fault(second, is_told, site, look):
    text = f"try:\n    from hub.new import A\nexcept ImportError:\n    from {second} import A\ndef run(): ..."
    install_commands(site, text)
    assert [each.module for each in look(site).failed] == (["foo.main"] if is_told else [])


def test_a_command_without_its_function_is_broken(site, look):
    install_commands(site, "def walk(): ...")
    (broken,) = look(site).broken
    assert (broken.name, broken.reason, broken.severity) == ("foo", "foo.main has no run", Severity.ERROR)


CLASSES = {
    "none": ("class Tool:\n    x = 1", True),
    "of a base": ("class Base:\n    x = 1\nclass Tool(Base):\n    pass", True),
    "a base that has it": (STARTS.replace("Tool", "Base") + "class Tool(Base):\n    pass", False),
    "a base of others": ("import threading\nclass Tool(threading.Thread):\n    pass", False),
    "set later": ("class Tool:\n    pass\nTool.start = print", False),
    "set by a name": ("class Tool:\n    pass\nsetattr(Tool, 'st' + 'art', print)", False),
    "of a metaclass": ("class Meta(type):\n    def start(cls): ...\nclass Tool(metaclass=Meta):\n    pass", False),
    "of a decorator": ("def f(cls):\n    cls.start = print\n    return cls\n@f\nclass Tool:\n    pass", False),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_a_command_without_the_attribute_of_a_class_is_broken(kind, site, look):
    other, is_broken = CLASSES[kind]
    install_commands(site, "def run(): ...", f"{other}\n")
    said = import_in_child("foo.other, operator; operator.attrgetter('other.Tool.start')(foo)", site)
    assert ("has no attribute 'start'" in said) is is_broken
    assert [each.reason for each in look(site).broken] == (["foo.other has no Tool.start"] if is_broken else [])


@pytest.mark.slow
def test_a_script_of_a_python_that_is_gone_is_broken(tmp_path, look):
    site = Site(tmp_path / "lib" / "python3" / "site-packages")
    info = site.install("foo", files={"foo/__init__.py": "def run(): ..."})
    (info / "entry_points.txt").write_text("[console_scripts]\nfoo = foo:run\n")
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "foo"
    with (info / "RECORD").open("a") as record:
        record.write("../../../bin/foo,,\n")
    script.write_text(f"#!{tmp_path}/gone/python\n")
    (broken,) = look(site).broken
    assert broken.path == str(script)
    assert f"{tmp_path}/gone/python" in broken.reason
    script.write_text(f"#!/bin/sh\n'''exec' \"{tmp_path}/gone/py thon\" \"$0\" \"$@\"\n' '''\n")
    (broken,) = look(site).broken
    assert f"{tmp_path}/gone/py thon" in broken.reason
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    if sys.platform != "win32":
        (broken,) = look(site).broken
        assert broken.reason == "its script may not be executed"
    script.chmod(0o755)
    assert look(site).broken == ()
    script.unlink()
    assert look(site).broken == ()  # as after `pip install --target`
    (broken,) = look(site, python={"executable": f"{tmp_path}/bin/python"}).broken
    assert (broken.reason, broken.severity) == ("its script is gone", Severity.WARNING)


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


def test_a_large_package_leaves_enough_for_small_ones(site, look, monkeypatch):
    """The large one is asked about first of all, and by the small one, too."""
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", 400)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal.PART", 5)
    monkeypatch.setattr("envdoctor.facts.importing.rehearsal._FEW", 9)
    files = {path: text + "\nX = 1" * 50 for path, text in chain("a_monster").items()}
    site.install("a_monster", files=files)
    site.install("zoo", files={"zoo.py": "import a_monster\nimport nobody_has_this"})
    importing = look(site)
    assert told(importing) == [("zoo", "zoo", "nobody_has_this")]
    assert importing.is_late


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


ASKING = {
    "nobody has it": "V = metadata.version('absent-one')",
    "its other questions": "V = metadata.distribution('absent-one').files",
    "by its own name": "V = metadata.version(__name__)",
    "another spelling": "V = metadata.version('Some.Other')",
    "behind a handler": "try:\n    V = metadata.version('absent')\nexcept metadata.PackageNotFoundError:\n    V = ''",
    "behind a handler of ImportError": "try:\n    V = metadata.version('absent')\nexcept ImportError:\n    V = ''",
    "in a function": "def f():\n    return metadata.version('absent')",
    "a name that is worked out": "import os\nV = metadata.version(os.environ.get('PATH') and 'foo')",
    "after a finder of its own": """import sys
class D(metadata.Distribution):
    def read_text(self, name):
        return 'Name: absent\\nVersion: 1'
    def locate_file(self, path):
        return path
class F(metadata.DistributionFinder):
    def find_distributions(self, context=None):
        return [D()]
sys.meta_path.insert(0, F())
V = metadata.version('absent')""",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ASKING)
def test_the_metadata_of_a_distribution_that_is_not_there(site, look, kind):
    fails = kind in {"nobody has it", "its other questions"}
    site.install("foo", files={"foo.py": f"from importlib import metadata\n{ASKING[kind]}"})
    site.install("some_other")
    assert bool(import_in_child("foo", site)) is fails
    found = look(site).failed
    assert len(found) == fails
    if found:
        assert found[0].failures[0].raises == "PackageNotFoundError"
        assert found[0].asking.line == 2


def test_a_distribution_that_came_since_ends_what_was_remembered(site, look):
    site.install("foo", files={"foo.py": f"from importlib import metadata\n{ASKING['nobody has it']}"})
    assert look(site).failed
    site.install("absent_one")
    assert look(site).failed == ()


HERE_PATH = "import os, sys\nhere = os.path.dirname(os.path.abspath(__file__))\n"
OPENING = {
    "a file that is gone": ("open(os.path.join(here, 'data.bin'))", True),
    "by addition": ("open(here + '/data.bin', 'rb')", True),
    "in a formatted text": ("with open(f'{here}/data.bin', mode='r') as file:\n    text = file.read()", True),
    "in a function": ("def read(name):\n    return open(os.path.join(here, name)).read()\nT = read('data.bin')", True),
    "a library that is gone": ("import ctypes\nL = ctypes.CDLL(os.path.join(here, 'libgone.so'))", True),
    "behind another handler": ("try:\n    open(here + '/data.bin')\nexcept ValueError:\n    pass", True),
    "one that is there": ("open(os.path.join(here, '__init__.py'))", False),
    "for writing": ("open(here + '/data.bin', 'w').close()", False),
    "after it is written": ("open(here + '/data.bin', 'w').close()\nopen(here + '/data.bin')", False),
    "after a folder was handed over": (
        "import shutil\nos.chdir(here)\nshutil.copy('__init__.py', 'data' + '.bin')\nopen(here + '/data.bin')",
        False,
    ),
    "after a list was handed over": (
        (
            "import subprocess\nmake = 'import sys; open(sys.argv[1], chr(119))'\npath = here + '/data.bin'\n"
            "subprocess.run([sys.executable, '-c', make, path])\nopen(path)"
        ),
        False,
    ),
    "if it is there": ("if os.path.exists(here + '/data.bin'):\n    open(here + '/data.bin')", False),
    "behind a handler": ("try:\n    open(here + '/data.bin')\nexcept OSError:\n    pass", False),
    "later": ("def read():\n    return open(here + '/data.bin')", False),
    "with an opener": (
        "open(here + '/data.bin', opener=lambda path, flags: os.open(here + '/__init__.py', flags))",
        False,
    ),
    "with another open": ("def open(path):\n    pass\nopen(here + '/data.bin')", False),
    "up and down": ("open(os.path.join(here, '..', 'foo', '__init__.py'))", False),
    "by a link": ("open(os.path.join(os.path.dirname(os.path.realpath(here)), 'foo', '__init__.py'))", False),
}


@pytest.mark.parametrize("kind", OPENING)
def test_a_file_beside_a_module_that_is_opened_and_not_there(site, look, kind):
    text, fails = OPENING[kind]
    site.install("foo", files={"foo/__init__.py": HERE_PATH + text + "\n"})
    found = look(site).failed
    assert len(found) == fails
    assert bool(import_in_child("foo", site)) is fails


def test_a_file_that_came_since_ends_what_was_remembered(site, look):
    site.install("foo", files={"foo/__init__.py": HERE_PATH + OPENING["a file that is gone"][0]})
    assert look(site).failed
    site.write("foo/data.bin", "")
    assert look(site).failed == ()
