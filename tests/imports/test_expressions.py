"""What expressions are worth."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "or": "x = None or False\nif not x:\n    import gone",
    "and": "x = 1 and None\nif x is None:\n    import gone",
    "choice": "x = 'a' if True else 'b'\nif x == 'a':\n    import gone",
    "item": "x = ('a', 'b')[1]\nif x == 'b':\n    import gone",
    "in": "if 'a' in ('a', 'b'):\n    import gone",
    "list": "x = []\nif not x:\n    import gone",
    "appended": "x = []\nx.append('a')\nif x:\n    import gone",
    "version": "import sys\nif sys.version_info >= (3, 8):\n    import gone",
    "version part": "import sys\nif sys.version_info.major == 3:\n    import gone",
    "text": "n = 'go'\n__import__(f'{n}ne')",
    "undefined": "undefined_name",
    "none has nothing": "None.strip()",
    "star": "def f(*names):\n    for n in names: __import__(n)\nf(*('gone',))",
}
IMPORTS = {
    "or": "import os\nx = os.environ.get('HOME') or None\nif not x and 'HOME' in os.environ:\n    import gone",
    "filled elsewhere": "x = []\ndef fill(y): y.append(1)\nfill(x)\nif not x:\n    import gone",
    "alias": "x = []\ny = x\ny.append(1)\nif not x:\n    import gone",
    "unknown starred": "import os\ndef f(name=None):\n    if name is None: raise OSError\nf(*list(os.environ)[:1])",
    "compares as it likes": "class C:\n    def __eq__(self, other): return True\nif C() != 1:\n    import gone",
    "truth of its own": "class C:\n    def __bool__(self): return False\nif C():\n    import gone",
    "dict": "x = {'a': None}\nx['a'] = 1\nif x['a'] is None:\n    import gone",
    "lazy or": "True or gone",
    "conditional": "None if True else gone",
    "globals": "globals()['x'] = 1\nx",
    "exec": "exec('x = 1')\nx",
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
