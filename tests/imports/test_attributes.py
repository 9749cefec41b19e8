"""Names of modules."""

import os

import pytest

from import_oracle import cpython_says, raised_by

FAILS = {
    "absent": "import pkg\npkg.absent",
    "from itself": "from pkg import absent",
    "of Python": "import os\nos.absent_name",
    "dropped": "import collections\ncollections.Mapping",
    "sys.modules": "import sys\nsys.modules[__name__].absent",
    "getattr": "import json\ngetattr(json, 'absent_name')",
    "refused by getattr": (
        "def __getattr__(name):\n    if name == 'x': return 1\n    raise AttributeError(name)\nimport pkg\npkg.absent"
    ),
}
IMPORTS = {
    "star before a getattr": (
        "from json import *\ndef __getattr__(name):\n    raise AttributeError(name)\nimport pkg\npkg.dumps"
    ),
    "bound": "x = 1\nimport pkg\npkg.x",
    "getattr of a module": "def __getattr__(name): return 1\nimport pkg\npkg.absent",
    "with a default": "import json\ngetattr(json, 'absent_name', None)",
    "set": "import pkg\npkg.x = 1\npkg.x",
    "setattr": "import sys\nsetattr(sys.modules[__name__], 'x', 1)\nimport pkg\npkg.x",
    "star": "from os.path import *\njoin",
    "class of a module": (
        "import sys, types\nclass M(types.ModuleType):\n    x = 1\nsys.modules[__name__].__class__ = M\n"
        "import pkg\npkg.x"
    ),
    "replaced": "import sys, types\nm = types.ModuleType('pkg')\nm.x = 1\nsys.modules['pkg'] = m\nimport pkg\npkg.x",
    "dunder": "import os\nos.__name__, os.__spec__",
    "private of Python": "import os\nos._exists",
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
