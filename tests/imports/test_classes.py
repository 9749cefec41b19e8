"""Classes and their instances."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "body": "class C:\n    import gone",
    "init": "class C:\n    def __init__(self):\n        import gone\nC()",
    "method": "class C:\n    def m(self):\n        import gone\nC().m()",
    "inherited": "class A:\n    def m(self):\n        import gone\nclass B(A): pass\nB().m()",
    "attribute": "class C:\n    x = None\nif C.x is None:\n    import gone",
    "set in init": "class C:\n    def __init__(self):\n        self.x = None\nif C().x is None:\n    import gone",
    "base": "class C(gone.Base): pass",
}
IMPORTS = {
    "no instance": "class C:\n    def __init__(self):\n        import gone",
    "set in init": (
        "class C:\n    x = None\n    def __init__(self):\n        self.x = 1\nif C().x is None:\n    import gone"
    ),
    "set from outside": "class C:\n    x = None\nC.x = 1\nif C.x is None:\n    import gone",
    "overridden": "class A:\n    def m(self):\n        import gone\nclass B(A):\n    def m(self): pass\nB().m()",
    "getattr": "class C:\n    def __getattr__(self, name): return 1\nif C().x is None:\n    import gone",
    "property": "class C:\n    @property\n    def x(self): return 1\nif C().x is None:\n    import gone",
    "setattr": "class C:\n    x = None\nc = C()\nsetattr(c, 'x', 1)\nif c.x is None:\n    import gone",
    "metaclass": (
        "class M(type):\n    def __call__(cls): return None\nclass C(metaclass=M):\n    def __init__(self):\n"
        "        import gone\nC()"
    ),
    "new": "class C:\n    def __new__(cls): return None\n    def __init__(self):\n        import gone\nC()",
    "decorated": "def d(c): return None\n@d\nclass C:\n    pass\nif C is not None:\n    import gone",
    "init_subclass": (
        "class A:\n    def __init_subclass__(cls): cls.x = 1\nclass B(A):\n    x = None\nif B.x is None:\n"
        "    import gone"
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
