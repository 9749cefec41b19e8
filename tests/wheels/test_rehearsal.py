"""Which modules raise when they are imported, whatever happens."""

import ast
import textwrap

import pytest

from envdoctor.wheels.rehearsal import Rehearsal
from envdoctor.wheels.rehearsal_values import UNKNOWN, Raised, TooLong
from rehearsed import GivenWorld

HEAD = "import ctypes, os\nfrom ctypes.util import find_library\n"


def rehearse(source, **world):
    return Rehearsal(GivenWorld(**world), "pkg").module(ast.parse(HEAD + textwrap.dedent(source)))


def raised(source, **world):
    try:
        rehearse(source, **world)
    except Raised as error:
        return error.name
    return None


FAIL = {
    "direct": "ctypes.CDLL('libx.so.1')",
    "raise": "lib = find_library('x')\nif not lib:\n    raise OSError('x')",
    "or": "lib = find_library('x') or find_library('y')\nif lib is None:\n    raise OSError('x')",
    "loop": "for n in ('x', 'y'):\n    lib = find_library(n)\n    if lib: break\nelse:\n    raise OSError",
    "while": "import time\nwhile unknown():\n    pass\nctypes.CDLL('x')",
    "handler": "try:\n    ctypes.CDLL('x')\nexcept OSError as e:\n    raise OSError from e",
    "raised again": "try:\n    ctypes.CDLL('x')\nexcept OSError as e:\n    raise e",
    "other handler": "try:\n    ctypes.CDLL('x')\nexcept ImportError:\n    pass",
    "else": "try:\n    pass\nexcept OSError:\n    pass\nelse:\n    ctypes.CDLL('x')",
    "handlers like the rest": "try:\n    lib = find_library(pick('x'))\nexcept Exception:\n    lib = None\n"
    "ctypes.CDLL('x')",
    "finally": "try:\n    a()\nfinally:\n    ctypes.CDLL('x')",
    "with": "with lock:\n    ctypes.CDLL('x')",
    "class": "class C:\n    lib = ctypes.CDLL('x')",
    "function": "def f(*names, last=None):\n    for n in names:\n        try:\n            return ctypes.CDLL(n)\n"
    "        except OSError:\n            continue\n    raise OSError\nf('x', 'y')",
    "default": "def f(name='x', *, other='y'):\n    ctypes.CDLL(other)\nf()",
    "keyword": "def f(name):\n    if name == 'x': raise OSError\nf(name='x')",
    "generator": "def g():\n    yield find_library('x')\n    yield 'libx.so'\nfor lib in g():\n    if lib is None:\n"
    "        continue\n    try:\n        ctypes.CDLL(lib)\n        break\n    except OSError:\n        pass\n"
    "else:\n    raise OSError",
    "nested": "def f():\n    def g(names):\n        try:\n            ctypes.CDLL(names[0])\n        except OSError:\n"
    "            if names[1:]:\n                return g(names[1:])\n            raise\n    return g(['x', 'y'])\nf()",
    "late": "def f():\n    ctypes.CDLL(NAME)\nNAME = 'x'\nf()",
    "either": "if unknown():\n    raise OSError\nelse:\n    ctypes.CDLL('x')",
    "cached": "LIB = None\ndef f():\n    global LIB\n    if not LIB:\n        LIB = ctypes.CDLL('x')\n"
    "    return LIB\nf()",
}


@pytest.mark.parametrize("source", FAIL.values(), ids=FAIL)
def test_what_fails_without_a_library(source):
    assert raised(source) == "OSError"


@pytest.mark.parametrize("source", [text for name, text in FAIL.items() if name not in {"keyword", "either"}])
def test_what_does_not_fail_with_it(source):
    assert raised(source, has=("x", "y", "libx.so", "libx.so.1")) is None


PASS = {
    "forgiven": "try:\n    ctypes.CDLL('x')\nexcept OSError:\n    pass",
    "suppressed": "with contextlib.suppress(OSError):\n    ctypes.CDLL('x')",
    "the program itself": "ctypes.CDLL(find_library('x'))",
    "one branch": "if unknown():\n    ctypes.CDLL('x')",
    "loop over anything": "for n in unknown():\n    ctypes.CDLL(n)",
    "path of its own": "ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'x.so'))",
    "function": "def f():\n    ctypes.CDLL('x')",
    "main": "if __name__ == '__main__':\n    ctypes.CDLL('x')",
    "other system": "import sys\nif sys.platform == 'win32':\n    ctypes.CDLL('x')",
    "filled list": "libs = []\nfill(libs)\nfor lib in libs:\n    break\nelse:\n    raise OSError",
    "appended list": "libs = ['x']\nlibs.append(own)\nfor lib in libs:\n    try:\n        ctypes.CDLL(lib)\n"
    "        break\n    except OSError: pass\nelse:\n    raise OSError",
    "changed global": "LIB = None\ndef f():\n    global LIB\n    LIB = own()\nf()\nif LIB is None:\n    raise OSError",
    "changed in a loop": "lib = None\nfor p in unknown():\n    lib = p\nif lib is None:\n    raise OSError",
    "own class": "class CDLL:\n    pass\nCDLL('x')",
    "custom handler": "try:\n    ctypes.CDLL('x')\nexcept Mine:\n    pass",
    "decorated": "@wrap\ndef f():\n    ctypes.CDLL('x')\nf()",
    "starred": "def f(name=None):\n    if name is None: raise OSError\nf(*unknown())",
    "finally returns": "def f():\n    try:\n        ctypes.CDLL('x')\n    finally:\n        return 1\nf()",
    "deleted": "lib = find_library('x')\ndel lib\nif lib is None:\n    raise OSError",
    "marker": "def f():\n    try:\n        from . import marker\n    except ImportError:\n        return\n"
    "    ctypes.CDLL('x')\nf()",
    "surprise": "lib = find_library('x')\ntry:\n    check(lib)\nexcept Exception:\n    lib = own()\n"
    "if lib is None:\n    raise OSError",
    "augmented": "libs = ()\nlibs += unknown()\nif not libs:\n    raise OSError",
}


@pytest.mark.parametrize("source", PASS.values(), ids=PASS)
def test_what_may_not_fail(source):
    assert raised(source) is None


def test_a_module_that_is_not_there_is_noticed_where_that_is_provided_for():
    source = "try:\n    import {0}\nexcept ImportError:\n    raise RuntimeError('install {0}')"
    assert raised(source.format("gone.part"), lacks=("gone.part",)) == "RuntimeError"
    assert raised("import gone", lacks=("gone",)) is None
    assert (
        raised("def f():\n    from .. import x\ntry:\n    f()\nexcept ImportError:\n    raise", lacks=("gone",)) is None
    )


def test_names_of_modules():
    names = rehearse(
        "from . import a\nfrom .b import c as d\nimport e.f\nimport g.h as i\nj: int = 1\nasync def k(): ..."
    )
    assert [names[name].name for name in "adei"] == ["pkg.a", "pkg.b.c", "e", "g.h"]
    assert (names["j"], names.get("k", UNKNOWN)) == (1, UNKNOWN)


def test_what_takes_too_long_is_given_up():
    with pytest.raises(TooLong):
        rehearse("def f(n):\n    return f(n)\nf(1)")
    many = ", ".join(map(str, range(400)))
    with pytest.raises(TooLong):
        rehearse(f"for a in ({many}):\n    for b in ({many}):\n        c = a")
