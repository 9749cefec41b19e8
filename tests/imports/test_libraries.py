"""Calls that look for native libraries, or load them."""

import os
import sys
from dataclasses import replace

import pytest

from envdoctor.core.target import Interpreter
from import_oracle import HERE, cpython_says, judged, raised_by

FAILS = {
    "by name": "import ctypes\nctypes.CDLL('libnothere_zz.so.1')",
    "found nothing": "from ctypes.util import find_library\nif not find_library('nothere_zz'):\n    raise OSError",
    "or": (
        "from ctypes.util import find_library\nlib = find_library('nothere1') or find_library('nothere2')\n"
        "if lib is None:\n    raise OSError"
    ),
    "one by one": (
        "import ctypes\ndef f(*names):\n    for n in names:\n        try:\n            return ctypes.CDLL(n)\n"
        "        except OSError:\n            continue\n    raise OSError\nf('libnothere1.so', 'libnothere2.so')"
    ),
    "attribute": "import ctypes\nlib = ctypes.cdll.nothere_zz",
    "item": "from ctypes import cdll\nlib = cdll['libnothere_zz.so.1']",
    "loader": "import ctypes\nctypes.cdll.LoadLibrary('libnothere_zz.so')",
}
IMPORTS = {
    "forgiven": "import ctypes\ntry:\n    ctypes.CDLL('libnothere_zz.so.1')\nexcept OSError:\n    pass",
    "of every system": "import ctypes\nctypes.CDLL('libc.so.6')\nctypes.CDLL('libm.so.6')",
    "the program itself": (
        "import ctypes\nfrom ctypes.util import find_library\nctypes.CDLL(find_library('nothere_zz'))"
    ),
    "an attribute that is forgiven": (
        "import ctypes\ntry:\n    ctypes.pydll.nothere_zz\nexcept (OSError, AttributeError):\n    pass"
    ),
    "private attribute": "import ctypes\nkind = ctypes.cdll._dlltype",
    "none": "import ctypes\nctypes.CDLL(None)",
    "own class": "class CDLL:\n    def __init__(self, name): pass\nCDLL('libnothere_zz.so')",
    "not called": "import ctypes\ndef f():\n    ctypes.CDLL('libnothere_zz.so')",
}


@pytest.mark.parametrize("text", FAILS.values(), ids=FAILS)
def test_what_certainly_fails(text):
    assert raised_by(text)


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS)
def test_what_does_not(text):
    assert not raised_by(text)


@pytest.mark.parametrize(("version", "words"), [((3, 11), "OSError"), ((3, 12), "AttributeError")])
def test_an_attribute_is_missing_as_python_says(version, words):
    target = replace(HERE, interpreter=Interpreter(version=version))
    text = "import ctypes\ntry:\n    ctypes.cdll.nothere_zz\nexcept {}:\n    pass"
    handled, other = (judged({"pkg/__init__.py": text.format(name)}, target=target) for name in (words, "KeyError"))
    assert not handled.failures
    assert [each.raises for each in other.failures] == [words]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not hasattr(os, "fork"), reason="asks for libraries of Linux")
def test_cpython_agrees(tmp_path):
    assert "" not in cpython_says([*FAILS.values()], tmp_path / "fails")
    assert set(cpython_says([*IMPORTS.values()], tmp_path / "imports")) == {""}
