"""Python's own functions, as far as they are known."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
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
    "globals": "globals()['x'] = None\nif x is None:\n    import gone",
}
IMPORTS = {
    "usual variable": "import os\nif not os.environ.get('PATH'):\n    import gone",
    "hasattr": "import os\nif not hasattr(os, 'getpid'):\n    import gone",
    "isinstance": "if not isinstance(1, int):\n    import gone",
    "another path": "import os\nif __file__.endswith(os.path.join('other', '__init__.py')):\n    import gone",
    "exit that is taken": "import sys\ntry:\n    sys.exit(1)\nexcept SystemExit:\n    pass",
    "text that binds": "exec('nothere = 1')\nif nothere != 1:\n    import gone",
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each package is imported in a fork")
def test_cpython_agrees(tmp_path):
    assert "" not in cpython_says([*FAILS.values()], tmp_path / "fails")
    assert set(cpython_says([*IMPORTS.values()], tmp_path / "imports")) == {""}
