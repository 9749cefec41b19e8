"""Names that are asked of other wheels, or of Python, and that these do not have."""

from dataclasses import replace

import pytest

from envdoctor.core.availability import ReasonKind
from envdoctor.core.target import Interpreter
from native_files import elf_bytes
from surveyed import reasons_of
from wheel_files import LINUX


def reasons(source, *others, target=LINUX):
    """Of a package `app` of one module, beside wheels (name, version, files)."""
    described = [("app", "1.0", {"app/__init__.py": source}, [name for name, _, _ in others])]
    return reasons_of([*described, *((name, version, files, []) for name, version, files in others)], target)


def python(*version):
    return replace(LINUX, interpreter=Interpreter(version=version))


LIB = (
    "lib",
    "2.0",
    {"lib/__init__.py": "from lib.core import run", "lib/core.py": "def run(): ...", "lib/other.py": ""},
)


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("from lib import mapping", "lib.mapping"),
        ("from lib.core import run, walk", "lib.core.walk"),
        ("import lib.mapping", "lib.mapping"),
        ("from lib.mapping import x", "lib.mapping"),
        ("import lib\nlib.mapping", "lib.mapping"),
        ("import lib as name\nclass A(name.mapping): ...", "lib.mapping"),
        ("import lib.core\ndef f(x: lib.core.walk): ...", "lib.core.walk"),
        ("try:\n    import gone\nexcept ImportError:\n    from lib import mapping", "lib.mapping"),
    ],
)
def test_what_another_wheel_no_longer_has(source, asked):
    (reason,) = reasons(source, LIB)
    assert reason.kind is ReasonKind.BROKEN
    assert f"`import app` fails: app asks for {asked}, which lib 2.0 does not have" in reason.message
    cause = reason.cause
    assert (cause.kind.value, cause.wheel, cause.files, cause.names, cause.other) == (
        "name",
        "app 1.0",
        ("app",),
        (asked,),
        "lib 2.0",
    )
    assert reason.subject == "app 1.0, lib 2.0"  # so that either is left out in search of a set that is sound


@pytest.mark.parametrize(
    "source",
    [
        "from lib import run, core",
        "from lib import *",
        "import lib\nlib.core",  # its own `__init__` imports the submodule
        "import lib.other\nlib.other",
        "try:\n    from lib import mapping\nexcept ImportError:\n    mapping = None",
        "try:\n    import json\nexcept ImportError:\n    from lib import mapping",
        "def later():\n    from lib import mapping",
        "import os\nif os.getpid() > 1:\n    from lib import mapping",
    ],
)
def test_what_is_there_or_not_needed(source):
    assert reasons(source, LIB) == []


def test_a_package_of_two_wheels_is_not_judged():
    assert reasons("from lib import mapping", LIB, ("lib-extra", "1.0", {"lib/extra.py": ""})) == []


NUMPY = {"numpy/__init__.py": "def __getattr__(name): ..."}


@pytest.mark.parametrize(
    ("source", "version", "remedies"),
    [
        ("import numpy as np\nTYPES = np.sctypes", "2.1.0", [("numpy<2.0",)]),
        ("from numpy import string_, in1d", "2.4.1", [("numpy<2.0", "numpy<2.4")]),
        ("import numpy as np\nTYPES = np.sctypes", "1.26.4", []),
        ("import numpy as np\nnp.float = float\nF = np.float", "2.1.0", []),
    ],
)
def test_what_numpy_dropped(source, version, remedies):
    assert [reason.remedies for reason in reasons(source, ("numpy", version, NUMPY))] == remedies


def test_what_python_dropped():
    source = "import collections\nclass A(collections.Mapping): ..."
    assert reasons(source, target=python(3, 9)) == []
    (reason,) = reasons(source, target=python(3, 10))
    assert "app asks for collections.Mapping, which Python 3.10 does not have." in reason.message


def test_a_module_whose_file_is_named_for_another_python_or_system_says_so():
    """As of a module for musl in a wheel that glibc takes."""
    module = elf_bytes(("libc.so.6",))
    name = "_m.cpython-311-x86_64-linux-musl.so"
    files = {"app/__init__.py": "from app import _m", f"app/{name}": module}
    (reason,) = reasons_of([("app", "1.0", files, [])], LINUX)
    assert reason.message == (
        f"app 1.0: `import app` fails: app asks for app._m, which app 1.0 does not have ({name} is for another Python "
        "or system)."
    )
    (alone,) = reasons_of([("app", "1.0", {f"app{name}": module}, [])], LINUX)
    assert f"(app{name} is for another Python or system)" in alone.message
