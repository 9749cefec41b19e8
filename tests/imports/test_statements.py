"""What statements do, one after the other."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "if": "if True:\n    import gone",
    "else": "if 1 > 2:\n    pass\nelse:\n    import gone",
    "both branches": "import random\nif random.random() < 2:\n    import gone\nelse:\n    import gone2",
    "after one branch": (
        "import random\nx = None\nif random.random() > 2:\n    x = None\nif x is None:\n    import gone"
    ),
    "raise": "raise ValueError('x')",
    "raise again": "try:\n    import gone\nexcept ImportError as error:\n    raise error",
    "raise from": "try:\n    import gone\nexcept ImportError as error:\n    raise RuntimeError from error",
    "delete": "x = 1\ndel x\nx",
    "augmented": "x = 'a'\nx += 'b'\nif x == 'ab':\n    import gone",
    "walrus": "if (x := 1) and x == 1:\n    import gone",
    "annotated": "x: int = 3\nif x == 3:\n    import gone",
}
IMPORTS = {
    "other branch": "if 1 > 2:\n    import gone",
    "unknown": "import sys\nif len(sys.argv) > 99:\n    import gone",
    "assert": "try:\n    assert 0\nexcept AssertionError:\n    pass",
    "augmented unknown": "import os\nx = ()\nx += tuple(os.environ)\nif not x:\n    import gone",
    "main": "if __name__ == '__main__':\n    import gone",
    "deleted and bound": "x = 1\ndel x\nx = 2\nx",
    "type checking": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gone",
    "annotation only": "from __future__ import annotations\nx: gone = 1\ndef f(a: gone) -> gone: pass",
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
