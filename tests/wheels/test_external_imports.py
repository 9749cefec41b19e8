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


def test_what_the_wheel_has_anywhere_is_its_own():
    files = {"pkg/__init__.py": "import vendored, helper, _native", "pkg/_vendor/vendored/__init__.py": ""}
    files |= {"pkg/lib/helper.py": "", "pkg/sub/_native.cpython-311-x86_64-linux-gnu.so": ""}
    assert external(files) == []


def test_a_long_walk_ends():
    files = {f"pkg/m{number}.py": f"from . import m{number + 1}" for number in range(80)}
    files |= {"pkg/__init__.py": "from . import m0", "pkg/m80.py": "import numpy"}
    assert external(files) == []
