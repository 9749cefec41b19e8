"""Functions that a module asks a library of its package for, as ctypes does by a name, and that it lacks."""

import functools

import pytest

from envdoctor.imports.events import What
from envdoctor.imports.packages import judge_package
from envdoctor.imports.wheel_site import Anything
from envdoctor.wheels.module_index import ModuleIndex
from import_oracle import HERE as TARGET
from import_oracle import NothingBeside
from loading_facts import HERE
from native_files import build_library, elf_bytes
from wheel_files import contents_of

pytestmark = pytest.mark.skipif(not HERE, reason="compiles libraries for glibc")
LOAD = "import ctypes, os\nlib = ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libown.so'))\n"
LACKS = {
    "at once": "lib.gone_function",
    "to say what it takes": "lib.gone_function.argtypes = [ctypes.c_int]",
    "by name": "f = getattr(lib, 'gone_function')",
    "in a function": "def take(name):\n    getattr(lib, name)\nfor name in ('there', 'gone_function'):\n    take(name)",
}
HAS = {
    "there": "lib.there.restype = ctypes.c_int",
    "of the C library": "lib.malloc",
    "behind a handler": "try:\n    lib.gone_function\nexcept AttributeError:\n    pass",
    "later": "def f():\n    return lib.gone_function",
    "of its own": "lib._name",
    "asked before": "if hasattr(lib, 'gone_function'):\n    lib.gone_function",
    "given elsewhere": "import json\njson.load(lib)\nlib.gone_function",
    "given": "lib.gone_function = 3\nlib.gone_function",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("own") / "libown.so", "int there(void) { return 1; }").read_bytes()


def failures(files, beside=None):
    contents = contents_of(files)
    read = functools.partial(dict.get, {name: text for name, text in files.items() if isinstance(text, str)})
    index = ModuleIndex(contents.members)
    return judge_package(
        "pkg", index, read, TARGET, beside or NothingBeside(), most=9, natives=contents.natives
    ).failures


@pytest.mark.parametrize("kind", LACKS)
def test_a_function_that_the_library_lacks(kind, own):
    cause = failures({"pkg/__init__.py": LOAD + LACKS[kind], "pkg/libown.so": own})[0].cause
    assert (cause.what, cause.subject, cause.name) == (What.LOAD, "pkg/libown.so", "gone_function")


@pytest.mark.parametrize("kind", HAS)
def test_one_that_it_has_or_may_have(kind, own):
    assert failures({"pkg/__init__.py": LOAD + HAS[kind], "pkg/libown.so": own}) == ()


def test_what_is_not_known_may_have_it(own):
    text = {"pkg/__init__.py": f"{LOAD}lib.gone_function"}
    assert failures(text | {"pkg/libown.so": elf_bytes(needed=("libsomething.so.1",))}) == ()
    assert failures(text | {"pkg/libown.so": own, "pkg/libother.so": own})
    assert failures(text | {"pkg/libown.so": own}, Anything())
