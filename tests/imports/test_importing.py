"""`import` in all its forms."""

import os

import pytest

from import_oracle import cpython_says, judged, raised_by

FAILS = {
    "module": "import gone",
    "from": "from gone import x",
    "relative": "from . import gone",
    "relative module": "from .gone import x",
    "beyond the top": "from .. import x",
    "by name": "import importlib\nimportlib.import_module('gone')",
    "relative by name": "import importlib\nimportlib.import_module('.gone', __package__)",
    "of Python": "import json.gone",
    "name of Python": "from json import gone",
    "attribute of Python": "import json\njson.gone",
    "dunder import": "__import__('gone')",
    "no package": "import json.decoder.gone",
}
IMPORTS = {
    "own": "import pkg",
    "of Python": (
        "import json.decoder, os.path, xml.etree.ElementTree, collections.abc, importlib.util\nfrom os import path"
    ),
    "spec": "import importlib.util\nif importlib.util.find_spec('gone'):\n    import gone",
    "in sys.modules": "import sys, types\nsys.modules['gone'] = types.ModuleType('gone')\nimport gone",
    "finder": (
        "import sys\nclass F:\n    @staticmethod\n    def find_spec(name, path=None, target=None):\n"
        "        from importlib.machinery import ModuleSpec\n"
        "        return ModuleSpec(name, F) if name == 'gone' else None\n"
        "    create_module = staticmethod(lambda spec: None)\n"
        "    exec_module = staticmethod(lambda module: None)\nsys.meta_path.append(F)\nimport gone"
    ),
    "path": (
        "import sys, os, tempfile\nfolder = tempfile.mkdtemp()\n"
        "open(os.path.join(folder, 'gone.py'), 'w').close()\nsys.path.append(folder)\nimport gone"
    ),
    "given name": "import json\njson.given = 1\nfrom json import given",
    "not in sys.modules": "import sys\nif 'gone' in sys.modules:\n    import gone",
    "builtins": "import builtins\nbuiltins.unheard = 1\nunheard",
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


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("from ._gone import x", True),
        ("import pkg._gone", True),
        ("try:\n    from pkg import _c\nfinally:\n    import pkg._gone", False),
        ("from pkg.part import x\nfrom ._gone import x", False),
        ("import importlib\nimportlib.import_module(name())\nfrom ._gone import x", False),
        ("import pkg._c.part", False),
    ],
)
def test_what_an_extension_module_may_make_is_absent_until_one_is_imported(text, fails):
    files = {
        "pkg/__init__.py": f"def name(): ...\n{text}",
        "pkg/part.py": "from pkg import _c\nx = 1",
        "pkg/_c.abi3.so": "",
    }
    assert bool(judged(files).failures) is fails
