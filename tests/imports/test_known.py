"""Python's own functions, as far as they are known."""

import os
import sys

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "two names of one base": "import socket\nclass E(OSError, IOError):\n    pass",
    "one base twice": "class A:\n    pass\nB = A\nclass C(A, B):\n    pass",
    "map of numbers": "if tuple(map(int, '1.10'.split('.'))) > (1, 9):\n    import gone",
    "function that may give modules of its own any name": (
        "import functools, importlib, json\ndef f(m, k):\n    setattr(importlib.import_module(m), k, 1)\n"
        "functools.partial(f)\njson.nothere"
    ),
    "len": "if len(('a', 'b')) == 2:\n    import gone",
    "any": "if not any(x for x in (None, False)):\n    import gone",
    "all": "if all(x for x in ('a', 'b')):\n    import gone",
    "platform": (
        "import platform, sys\n"
        "if platform.system() == {'linux': 'Linux', 'darwin': 'Darwin'}.get(sys.platform):\n    pass\n"
        "if platform.system() == 'Linux':\n    import gone\nelse:\n    import gone"
    ),
    "split": "if 'a.b'.split('.') == ['a', 'b'] or True:\n    import gone",
    "environment": "import os\nif not os.environ.get('NOT_SET_BY_ANYBODY'):\n    import gone",
    "version of another Python": "import sys\nif 'PyPy' in sys.version:\n    import json\nelse:\n    import gone",
    "sorted": "for name in sorted(('gone', 'zone')):\n    __import__(name)",
    "own path": (
        "import os\nif not os.path.splitext(__file__)[0].endswith(os.path.join('pkg', '__init__')):\n    pass\n"
        "else:\n    import gone"
    ),
    "own extension": "import os\nif os.path.splitext(__file__)[1] == '.py':\n    import gone",
    "exit in a handler": "import sys\ntry:\n    import gone\nexcept ImportError:\n    sys.exit(1)",
    "text that tries syntax": (
        "try:\n    exec('def f(): yield from x()')\nexcept SyntaxError:\n    pass\nfrom json import nothere"
    ),
    "text that tries async syntax": (
        "try:\n    exec('async def _():\\n async for _ in ():\\n  yield _')\nexcept SyntaxError:\n    pass\n"
        "from json import nothere"
    ),
    "text that fails": "exec('import gone')",
    "text in a namespace": "import os\nd = {}\nexec(os.environ.get('PATH', ''), d)\nfrom json import nothere",
    "text that is not known": (
        "import os, json\ntry:\n    exec(os.environ.get('HOME', ''))\nexcept SyntaxError:\n    pass\n"
        "from json import nothere"
    ),
    "function that runs texts": (
        "import json\ndef f(text):\n    exec(text, {})\n    return eval(text)\nimport os\nos.f = f\n"
        "from json import nothere"
    ),
    "function that sets its own attributes": (
        "import os\nclass C:\n    def f(self, d):\n        import json\n        for k in d:\n"
        "            setattr(self, k, json.loads(d[k]))\nos.c = C\nfrom json import nothere"
    ),
    "function that reads modules": (
        "import os\ndef f(name):\n    import sys\n    return getattr(sys.modules[name], 'x'), name in sys.modules\n"
        "os.f = f\nfrom json import nothere"
    ),
    "module that nobody knows": (
        "import sys, os\ntry:\n    m = sys.modules[os.environ.get('PATH')]\nexcept KeyError:\n    m = None\n"
        "from json import nothere"
    ),
    "dictionary": "d = {'a': None}\nif d['a'] is None:\n    import gone",
    "dictionary that is added to": "d = {}\nd['a'] = 1\nif d.get('a') and d.get('b') is None:\n    import gone",
    "remembering function": (
        "import functools\n@functools.cache\ndef f(name):\n    return None\nif f('x') is None:\n    import gone"
    ),
    "remembering function with a size": (
        "import functools\n@functools.lru_cache(maxsize=1)\ndef f(name):\n    return None\n"
        "if f('x') is None:\n    import gone"
    ),
    "globals": "globals()['x'] = None\nif x is None:\n    import gone",
    "dict of keywords": (
        "x = None\nfor name, value in dict(a=1).items():\n    locals()[name] = value\nif x is None:\n    import gone"
    ),
}
IMPORTS = {
    "two bases": "import socket\nclass A(OSError, KeyError):\n    pass\nclass B(A):\n    pass",
    "map of numbers": "if tuple(map(int, '1.2'.split('.'))) != (1, 2):\n    import gone",
    "int that is not known": "import os\nif int(len(os.getcwd())) < 0:\n    import gone",
    "usual variable": "import os\nif not os.environ.get('PATH'):\n    import gone",
    "hasattr": "import os\nif not hasattr(os, 'getpid'):\n    import gone",
    "isinstance": "if not isinstance(1, int):\n    import gone",
    "another path": "import os\nif __file__.endswith(os.path.join('other', '__init__.py')):\n    import gone",
    "exit that is taken": "import sys\ntry:\n    sys.exit(1)\nexcept SystemExit:\n    pass",
    "text that binds": "exec('nothere = 1')\nif nothere != 1:\n    import gone",
    "text in the names at hand": "import os\nx = None\nexec('x = 1', globals())\nif x is None:\n    import gone",
    "unknown text in the names at hand": (
        "import io\nx = None\nexec(io.StringIO('x = 1').read(), globals())\nif x is None:\n    import gone"
    ),
    "unknown text among names": (
        "import io\nx = None\nexec(io.StringIO('x = 1').read())\nif x is None:\n    import gone"
    ),
    "text that calls a function": (
        "import io\nx = None\ndef f():\n    global x\n    x = 1\neval(io.StringIO('f()').read())\n"
        "if x is None:\n    import gone"
    ),
    "function that gives a module a name": (
        "import os, json\ndef f(k):\n    import sys\n    m = sys.modules['json']\n    setattr(m, k, 1)\n"
        "import functools\nfunctools.partial(f, 'nothere')()\nfrom json import nothere"
    ),
    "function inside that gives a module a name": (
        "import json\ndef f(k):\n    import json as m\n    def g():\n        m.__dict__.update({k: 1})\n    g()\n"
        "import functools\nfunctools.partial(f, 'nothere')()\nfrom json import nothere"
    ),
    "module by a name that is worked out": (
        "import sys, os, json\nm = sys.modules[os.environ.get('NOT_SET', 'js') + 'on' if os.getcwd() else 'x']\n"
        "setattr(m, 'not' + str(os.getcwd() and 'here'), 1)\nfrom json import nothere"
    ),
    "function of a dictionary": (
        "import functools\nx = None\ndef f():\n    global x\n    x = 1\nd = {'a': f}\nfor g in d.values():\n    g()\n"
        "if x is None:\n    import gone"
    ),
    "dictionary that somebody fills": (
        "import functools\nd = {'a': None}\ndef f():\n    d['a'] = 1\nfunctools.partial(f)()\n"
        "if d['a'] is None:\n    import gone"
    ),
    "dictionary that loses a key": "d = {'a': 1}\ndel d['a']\nif 'a' in d or d.get('a'):\n    import gone",
    "dictionary with equal keys": "d = {1: None}\nd[True] = 1\nif d[1.0] is None:\n    import gone",
    "own print": "def print(*a):\n    global x\n    x = 1\nx = None\nprint()\nif x is None:\n    import gone",
    "own len": "class C:\n    def __len__(self): return 0\nif len(C()):\n    import gone",
    "warn as error": "import warnings\nx = None\ntry:\n    warnings.warn('x')\nexcept UserWarning:\n    x = 1",
    "vars": "vars()['x'] = 1\nif x is None:\n    import gone",
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


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.TimeoutError is the built-in one since Python 3.11")
def test_a_base_that_became_another_name_of_one(tmp_path):
    text = "import asyncio\nclass E(asyncio.TimeoutError, TimeoutError):\n    pass"
    assert raised_by(text)
    if hasattr(os, "fork"):
        assert cpython_says([text], tmp_path) == ["TypeError"]
