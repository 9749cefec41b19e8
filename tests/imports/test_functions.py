"""Functions: what defining and calling them does."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "called": "def f():\n    import gone\nf()",
    "default": "def f(name='gone'):\n    __import__(name)\nf()",
    "keyword": "def f(*, name=None):\n    if name == 'x': raise OSError\nf(name='x')",
    "returned": "def f():\n    return None\nif f() is None:\n    import gone",
    "nested": (
        "def f():\n    def g(names):\n        if names[1:]: return g2(names[1:])\n        raise OSError\n"
        "    def g2(names): return g(names)\n    return g(('a',))\nf()"
    ),
    "late name": "def f():\n    __import__(NAME)\nNAME = 'gone'\nf()",
    "global": "x = None\ndef f():\n    global x\n    x = 1\nf()\nif x == 1:\n    import gone",
    "nonlocal": (
        "def f():\n    x = None\n    def g():\n        nonlocal x\n        x = 1\n    g()\n"
        "    if x == 1: raise OSError\nf()"
    ),
    "lambda": "(lambda: __import__('gone'))()",
    "unbound": "def f():\n    if x: pass\n    x = 1\nf()",
    "default is evaluated": "def f(a=gone): pass",
    "decorator": "@gone\ndef f(): pass",
    "staticmethod": "class C:\n    @staticmethod\n    def f(): import gone\nC.f()",
}
IMPORTS = {
    "not called": "def f():\n    import gone",
    "rebound": "def f():\n    import gone\ndef f(): pass\nf()",
    "decorated": "def d(f): return lambda: None\n@d\ndef f():\n    import gone\nf()",
    "generator": "def f():\n    import gone\n    yield\nf()",
    "async": "async def f():\n    import gone\nf().close()",
    "other way": "import sys\ndef f():\n    if len(sys.argv) < 99: return\n    import gone\nf()",
    "changed global": "x = None\ndef f():\n    global x\n    x = 1\nf()\nif x is None:\n    import gone",
    "changed by a thread": (
        "import threading\nx = None\ndef f():\n    global x\n    x = 1\nt = threading.Thread(target=f)\n"
        "t.start()\nt.join()\nif x is None:\n    import gone"
    ),
    "called by others": "seen = []\nlist(map(seen.append, (1,)))\nif not seen:\n    import gone",
    "recursive": "def f(n):\n    if n > 3: return 1\n    return f(n + 1)\nif f(0) != 1:\n    import gone",
    "nonlocal changed": (
        "def f():\n    x = None\n    def g():\n        nonlocal x\n        x = 1\n    g()\n"
        "    if x is None: raise OSError\nf()"
    ),
    "forgiving caller": (
        "def f(g):\n    try:\n        g()\n    except ImportError:\n        pass\ndef h():\n    import gone\nf(h)"
    ),
}


@pytest.mark.parametrize("text", FAILS.values(), ids=FAILS)
def test_what_certainly_fails(text):
    assert raised_by(text)


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS)
def test_what_does_not(text):
    assert not raised_by(text)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each package is imported in a fork")
def test_cpython_agrees(tmp_path):
    assert "" not in cpython_says([*FAILS.values()], tmp_path / "fails")
    assert set(cpython_says([*IMPORTS.values()], tmp_path / "imports")) == {""}
