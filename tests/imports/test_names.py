"""Names that modules have, by their text."""

import time
from dataclasses import replace

import pytest

from envdoctor.imports.names import ModuleNames
from envdoctor.wheels.module_index import ModuleIndex
from import_oracle import imported
from wheel_files import LINUX


def names(files):
    return ModuleNames(ModuleIndex(files), files.__getitem__, LINUX)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "def x(): pass",
        "class x: pass",
        "import x.y",
        "from a import b as x",
        "try:\n    import a as x\nexcept ImportError:\n    x = None",
        "for x in (1, 2): pass",
        "with a() as x: pass",
        "if flag:\n    (x := 1)",
        "def f():\n    global x\n    x = 1",
        "match a:\n    case [*x]: pass",
        "match a:\n    case {**x}: pass",
        "from pkg.mod.part import *",
        "from .part import *",
        "from elsewhere import *",
        "def __getattr__(name): ...",
        "globals().update(a)",
        "import sys\nsys.modules[__name__] = a",
        "setattr(module, 'x', 1)",
        "exec(code)",
        "import sys\nsys.modules[__name__].__class__ = type",
        "(",
    ],
)
def test_what_may_be_there_is_not_called_absent(text):
    assert not names({"pkg/mod/__init__.py": text, "pkg/mod/part.py": "x = 1"}).lacks("pkg.mod", "x")


@pytest.mark.parametrize(
    "text",
    [
        "y = 1",
        "def f():\n    x = 1",
        "class A:\n    x = 1",
        "from .part import *",
        "lambda: (x := 1)",
        "a.__class__(1)",
        "def load(name):\n    return __import__(name, globals(), locals(), ['a'])",
        "__import__(a, globals())",
        "x = 1\ndel x",
        "x = 1\ntry:\n    raise ValueError\nexcept ValueError as x:\n    pass",
    ],
)
def test_what_no_text_binds_is_absent(text):
    assert names({"pkg/mod/__init__.py": text, "pkg/mod/part.py": "y = 1"}).lacks("pkg.mod", "x")


def test_a_getattr_that_raises_with_the_name():
    text = "def __getattr__(name):\n    if name == 'y':\n        return 1\n    raise AttributeError(name)"
    assert names({"pkg.py": text}).lacks("pkg", "x")
    assert not names({"pkg.py": text}).lacks("pkg", "y")


ANSWER = "def __getattr__(name):\n    {}\n    raise AttributeError(f'no {{name}}')"


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("if name == '__version__':\n        return version()", True),
        ("if name in ('x', 'y'):\n        return 1", False),
        ("if name in TABLE:\n        return 1", False),
        ("return load(name)", False),
        ("if name == 'y':\n        return TABLE[name]", True),
    ],
)
def test_what_a_modules_getattr_answers_to(text, lacks):
    assert names({"pkg.py": ANSWER.format(text)}).lacks("pkg", "x") is lacks


def test_a_package_whose_own_module_makes_it_what_it_is():
    files = {"pkg/__init__.py": "from pkg import _build", "pkg/_build.py": "import sys\nsys.modules['pkg'] = a"}
    assert not names(files).lacks("pkg", "x")
    assert names({**files, "pkg/_build.py": ""}).lacks("pkg", "x")
    many = {f"pkg/m{number}.py": "" for number in range(300)}
    many["pkg/__init__.py"] = "\n".join(f"from . import m{number}" for number in range(300))
    assert not names(many).lacks("pkg", "x")


def test_submodules_and_the_usual_attributes_are_there():
    found = names({"pkg/__init__.py": "", "pkg/sub/data.json": "", "pkg/_c.abi3.so": ""})
    assert [name for name in ("sub", "_c", "__version__", "__file__") if found.lacks("pkg", name)] == ["__version__"]


@pytest.mark.parametrize(
    ("init", "lacks"),
    [
        ("from . import mod", True),
        ("from pkg import mod", True),
        ("import pkg.mod", True),
        ("from pkg import other as mod", False),
        ("from pkg.other import mod", False),
        ("mod = object()", False),
    ],
)
def test_a_module_that_its_package_binds_to_its_own_name_is_not_hidden(init, lacks):
    assert names({"pkg/__init__.py": init, "pkg/mod.py": "", "pkg/other.py": "mod = 1"}).lacks("pkg.mod", "x") is lacks


def test_a_module_is_absent_though_not_all_names_of_its_package_are_known():
    files = {"pkg/__init__.py": "from .large import *", "pkg/large.py": "#" * (2 << 20)}
    assert names(files).lacks_module("pkg.gone")
    assert not names({**files, "pkg/__init__.py": "from .large import *\n__path__.append('x')"}).lacks_module(
        "pkg.gone"
    )


def test_circles_of_star_imports_end():
    assert names({"a.py": "from b import *", "b.py": "from a import *"}).lacks("a", "x")


@pytest.mark.parametrize(
    ("init", "lacks"),
    [
        ("", True),
        ("__path__ = extend_path(__path__, __name__)", False),
        ("import sys\nsys.modules['pkg.gone'] = a", False),
    ],
)
def test_a_module_is_absent_if_the_package_does_nothing_to_find_it(init, lacks):
    found = names({"pkg/__init__.py": init, "pkg/there.py": "", "pkg/compiled.pyc": "", "pkg/folder/more/x.py": ""})
    assert found.lacks_module("pkg.gone") is found.lacks_module("pkg.gone.deeper") is lacks
    there = ("pkg.there", "pkg.compiled", "pkg.folder.more", "unknown.gone", "pkg")
    assert not any(found.lacks_module(module) for module in there)


def test_a_submodule_may_come_from_a_package_above():
    files = {
        "pkg/__init__.py": "import sys\nsys.modules['pkg.mod.x'] = a",
        "pkg/mod/__init__.py": "",
        "pkg/plain.py": "",
    }
    assert not names(files).lacks("pkg.mod", "x")
    assert names(files).lacks("pkg.plain", "x")


def test_a_namespace_is_nobodys():
    assert not names({"ns/part/__init__.py": ""}).lacks_module("ns.other")


MADE = {
    "pkg/__init__.py": "from pkg._old import answers\n_gone = {'old': (1, None), 'new': (1, 2)}\n"
    "__getattr__ = answers(__name__, _gone)\ndel answers",
    "pkg/_old.py": "import functools\ndef answers(module, gone):\n    @functools.cache\n    def getattr(name):\n"
    "        if name in gone:\n            _, value = gone[name]\n            if value is None:\n"
    "                raise AttributeError(name)\n            return value\n"
    "        raise AttributeError(name)\n    return getattr",
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lacks"), [("old", True), ("other", True), ("new", False)])
def test_a_function_that_a_call_made_answers_for_a_module(name, lacks, tmp_path):
    assert names(MADE).lacks("pkg", name) is lacks
    (said,) = imported([{**MADE, "pkg/__init__.py": f"{MADE['pkg/__init__.py']}\n__getattr__({name!r})"}], tmp_path)
    assert bool(said) is lacks


HELPED = {
    "pkg/__init__.py": "",
    "pkg/_gone.py": "import warnings\ndef gone(*, all, name, parts):\n    if name not in all:\n"
    "        raise AttributeError(name)\n    warnings.warn(name)\n    return parts[0]",
    "pkg/old.py": "from pkg._gone import gone\n__all__ = ['there']\ndef __dir__():\n    return __all__\n"
    "def __getattr__(name):\n    return gone(all=__all__, name=name, parts=['x'])",
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lacks"), [("there", False), ("absent", True)])
def test_a_function_that_a_getattr_asks_answers_for_a_module(name, lacks, tmp_path):
    assert names(HELPED).lacks("pkg.old", name) is lacks
    (said,) = imported([{**HELPED, "pkg/__init__.py": f"from pkg.old import {name}"}], tmp_path)
    assert bool(said) is lacks


@pytest.mark.parametrize(
    "text",
    [
        "__all__.append('x')\n    if name in __all__: return 1",
        "global __all__\n    __all__ = ['x']",
        "from elsewhere import note\n    note(__all__)",
    ],
)
def test_a_getattr_that_changes_what_it_looks_at_may_have_any_name(text):
    asks = "if name not in __all__: raise AttributeError(name)\n    return 1"
    assert not names({"pkg.py": f"__all__ = ['a']\ndef __getattr__(name):\n    {text}\n    {asks}"}).lacks("pkg", "x")


def test_a_module_that_only_looks_at_how_modules_are_found_hides_nothing():
    text = "import sys, pkgutil\nimport pkg\nx = [*pkgutil.iter_modules(pkg.__path__)], sys.modules['sys']"
    files = {"pkg/__init__.py": "from pkg import a", "pkg/a.py": text}
    assert names(files).lacks("pkg", "x")
    assert not names({**files, "pkg/a.py": "import pkg\npkg.__path__.append('x')"}).lacks("pkg", "x")


OLD_SIX = """
import sys
class _SixMetaPathImporter(object):
    def find_module(self, name, path=None): ...
sys.meta_path.append(_SixMetaPathImporter())
"""


@pytest.mark.parametrize(
    ("version", "text", "is_lacking"),
    [
        ((3, 11), OLD_SIX, False),
        ((3, 12), OLD_SIX, True),
        ((3, 12), OLD_SIX.replace("find_module", "find_spec"), False),
    ],
)
def test_a_finder_that_python_asks_no_more_finds_nothing(version, text, is_lacking):
    target = replace(LINUX, interpreter=replace(LINUX.interpreter, version=version))
    found = ModuleNames(ModuleIndex(["six.py"]), lambda _: text, target)
    assert found.lacks_module("six.moves") is found.lacks_module("six.moves.urllib") is is_lacking
    assert found.lacks_module("six.other") is is_lacking


def test_a_name_that_an_except_of_several_lines_takes_away_may_be_gone():
    text = "error = None\ntry:\n    import a\nexcept (\n    ImportError,\n    OSError,\n) as error:\n    pass\n"
    assert "error" not in names({"m.py": text})._plain_names("m")


def test_a_line_of_many_words_is_read_once():
    start = time.process_time()
    assert not names({"m.py": "x = '" + "except " * 20_000 + "'\n"}).lacks("m", "x")
    assert time.process_time() - start < 4
