"""What becomes of exceptions: `try` and `with`."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "other handler": "try:\n    import gone\nexcept OSError:\n    pass",
    "reraised": "try:\n    import gone\nexcept ImportError:\n    raise",
    "other in its place": "try:\n    import gone\nexcept ImportError:\n    raise OSError('no')",
    "both fail": "try:\n    import gone\nexcept ImportError:\n    import gone2",
    "else": "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import gone",
    "finally": "try:\n    pass\nfinally:\n    import gone",
    "bound in finally": "try:\n    x = 1\nfinally:\n    x = None\nif x is None:\n    import gone",
    "tuple": "E = (KeyError, OSError)\ntry:\n    import gone\nexcept E:\n    pass",
    "subclass": "try:\n    import gone\nexcept ModuleNotFoundError:\n    raise RuntimeError",
    "own class": "class Mine(Exception): pass\ntry:\n    import gone\nexcept Mine:\n    pass",
    "suppress other": "import contextlib\nwith contextlib.suppress(OSError):\n    import gone",
    "nullcontext": "import contextlib\nwith contextlib.nullcontext():\n    import gone",
    "lets pass": (
        "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): return None\nwith C():\n"
        "    import gone"
    ),
    "after a suppressed": (
        "import contextlib\nx = None\nwith contextlib.suppress(ImportError):\n    import gone\n    x = 1\n"
        "if x is None:\n    raise OSError"
    ),
}
IMPORTS = {
    "forgiven": "try:\n    import gone\nexcept ImportError:\n    pass",
    "by a name": "E = ImportError\ntry:\n    import gone\nexcept E:\n    pass",
    "by a tuple": "E = (ImportError, OSError)\ntry:\n    import gone\nexcept E:\n    pass",
    "by an attribute": "class C:\n    E = ImportError\ntry:\n    import gone\nexcept C.E:\n    pass",
    "by a module": "import builtins\ntry:\n    import gone\nexcept builtins.ImportError:\n    pass",
    "by own class": "class Mine(ImportError): pass\ntry:\n    raise Mine\nexcept ImportError:\n    pass",
    "bare": "try:\n    import gone\nexcept:\n    pass",
    "finally returns": "def f():\n    try:\n        import gone\n    finally:\n        return 1\nf()",
    "finally breaks": "while True:\n    try:\n        import gone\n    finally:\n        break",
    "else not reached": "try:\n    raise OSError\nexcept OSError:\n    pass\nelse:\n    import gone",
    "suppress": "import contextlib\nwith contextlib.suppress(ImportError):\n    import gone",
    "suppress by a tuple": "import contextlib\nE = (ImportError,)\nwith contextlib.suppress(*E):\n    import gone",
    "exit stack": (
        "import contextlib\nwith contextlib.ExitStack() as s:\n"
        "    s.enter_context(contextlib.suppress(ImportError))\n    import gone"
    ),
    "own manager": (
        "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\nwith C():\n"
        "    import gone"
    ),
    "manager by a function": (
        "import contextlib\n@contextlib.contextmanager\ndef f():\n    try:\n        yield\n"
        "    except ImportError:\n        pass\nwith f():\n    import gone"
    ),
    "two managers": (
        "import contextlib\nwith contextlib.nullcontext(), contextlib.suppress(ImportError):\n    import gone"
    ),
    "the name is gone after": (
        "error = 1\ntry:\n    import gone\nexcept ImportError as error:\n    pass\nif 'error' in globals():\n"
        "    import gone"
    ),
    "an unknown thing may raise": (
        "import os\nx = None\ntry:\n    os.stat('/nowhere/at/all')\n    x = 1\nexcept OSError:\n    x = 2\n"
        "if x is None:\n    import gone"
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
