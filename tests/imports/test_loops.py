"""Loops and `match`."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "each": "for name in ('gone',):\n    __import__(name)",
    "else": "for name in ('a', 'b'):\n    if name == 'c':\n        break\nelse:\n    import gone",
    "while": "n = 0\nwhile n < 3:\n    n += 1\nif n == 3:\n    import gone",
    "found nothing": (
        "import ctypes.util\nfor name in ('nothere1', 'nothere2'):\n    if ctypes.util.find_library(name):\n"
        "        break\nelse:\n    raise OSError('no library')"
    ),
    "comprehension": "[__import__(name) for name in ('gone',)]",
    "after any number": "import os\nfor name in os.environ:\n    pass\nimport gone",
    "match falls through": "import sys\nmatch len(sys.argv):\n    case _:\n        pass\nimport gone",
}
IMPORTS = {
    "no items": "for name in ():\n    import gone",
    "break before": "for name in ('a', 'b'):\n    break\n    import gone",
    "continue": "for name in ('a', 'b'):\n    continue\n    import gone",
    "changed in a loop": "import os\nx = None\nfor name in os.environ:\n    x = name\nif x is None:\n    import gone",
    "changed in the third turn": (
        "import os\na = b = c = None\nfor name in os.environ:\n    c = b\n    b = a\n    a = 1\nif c is None:\n"
        "    import gone"
    ),
    "while unknown": "import sys\nwhile len(sys.argv) > 99:\n    import gone",
    "match": "import sys\nmatch len(sys.argv):\n    case 99:\n        import gone",
    "match binds": "x = None\nmatch (1, 2):\n    case [x, y]:\n        pass\nif x is None:\n    import gone",
    "match a rest": "match {'a': 1}:\n    case {'b': 1, **rest}:\n        import gone",
    "generator never run": "(__import__('gone') for _ in (1,))",
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
