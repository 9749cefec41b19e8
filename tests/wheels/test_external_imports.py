"""What importing a package certainly takes from elsewhere."""

from envdoctor.wheels.external_imports import external_imports
from wheel_files import LINUX, contents_of


def external(files, root="pkg"):
    found = external_imports(contents_of(files), root, files.__getitem__, LINUX).found
    return [(one.name, one.via) for one in found]


def test_what_is_imported_on_the_way():
    files = {
        "pkg/__init__.py": "import os\nfrom pkg.core import run\ntry:\n    import fast\nexcept ImportError:\n    pass",
        "pkg/core.py": "import numpy as np\nfrom google.protobuf import message\ndef late():\n    import scipy",
        "pkg/unused.py": "import torch",
    }
    core = ("pkg", "pkg.core")
    assert external(files) == [("os", ("pkg",)), ("numpy", core), ("google", core), ("google.protobuf", core)]


def test_what_the_wheel_has_anywhere_is_its_own_if_it_may_be_found():
    files = {"pkg/__init__.py": "import sys\nsys.path.insert(0, here)\nimport vendored, helper, _native"}
    files |= {"pkg/_vendor/vendored/__init__.py": "", "pkg/lib/helper.py": ""}
    files["pkg/sub/_native.cpython-311-x86_64-linux-gnu.so"] = ""
    assert external(files) == [("sys", ("pkg",))]
    files["pkg/__init__.py"] = "import helper"
    assert external(files) == [("helper", ("pkg",))]


def test_what_is_imported_in_place_of_something_else():
    files = {"pkg/__init__.py": "try:\n    import a\nexcept ImportError:\n    from pkg import b"}
    files["pkg/b.py"] = "try:\n    import c\nexcept ImportError:\n    import d\nimport f"
    found = external_imports(contents_of(files), "pkg", files.__getitem__, LINUX).found
    assert [(one.name, one.instead_of) for one in found] == [("d", ("a", "c")), ("f", ("a",))]


def test_what_is_asked_of_other_modules():
    files = {
        "pkg/__init__.py": "import numpy as np\nfrom pkg import own, mod\nfrom lib.sub import x\nnp.set = 1\nnp.set"
    }
    files["pkg/mod.py"] = "import numpy\nT = numpy.t\nU = numpy.set\nimport lib.more\nfrom lib import *"
    uses = external_imports(contents_of(files), "pkg", files.__getitem__, LINUX).uses
    assert [(use.module, use.name, use.imported) for use in uses] == [
        ("numpy", "", True),
        ("numpy", "t", False),
        ("lib.more", "", True),
        ("lib", "", True),
        ("lib.sub", "x", True),
    ]


def test_a_long_walk_ends():
    files = {f"pkg/m{number}.py": f"from . import m{number + 1}" for number in range(80)}
    files |= {"pkg/__init__.py": "from . import m0", "pkg/m80.py": "import numpy"}
    assert external(files) == []
