"""Look-ups that decide whether a module can be imported."""

from dataclasses import replace

import pytest

from envdoctor.binaries.policy import Promise
from envdoctor.core.target import Libc
from envdoctor.wheels.import_walk import Entered
from envdoctor.wheels.library_lookup import brings_library, failing_lookups
from envdoctor.wheels.module_index import ModuleIndex
from wheel_files import LINUX, WINDOWS

FIND = "from ctypes.util import find_library\nif not find_library({!r}):\n    raise ImportError"
LOADER = """
import ctypes, ctypes.util
def load():
    for name in (ctypes.util.find_library('portaudio'), 'libportaudio.so.2'):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                pass
    raise OSError('no PortAudio')
"""


def lookups(files, target=LINUX, root="pkg", *, certain=True):
    texts = {"pkg/__init__.py": files} if isinstance(files, str) else files
    member = f"{root.replace('.', '/')}/__init__.py"
    entered = Entered(name=root, member=member, via=(root,), certain=certain)
    return failing_lookups([entered], ModuleIndex(texts), texts.__getitem__, target)


def test_a_library_that_nothing_promises():
    (found,) = lookups(FIND.format("portaudio"))
    assert (found.via, found.names, found.raises, found.promise) == (("pkg",), ("portaudio",), "ImportError", None)


def test_a_function_of_another_module_looks_for_it():
    files = {"pkg/__init__.py": "from . import loader\nlib = loader.load()  # as CDLL does", "pkg/loader.py": LOADER}
    (found,) = lookups(files)
    assert (found.names, found.raises) == (("portaudio", "libportaudio.so.2"), "OSError")
    assert lookups({**files, "pkg/__init__.py": "from .loader import load  # CDLL"}) == ()


@pytest.mark.parametrize("name", ["c", "m", "z", "glib-2.0", "stdc++"])
def test_what_the_platform_promises_is_found(name):
    assert lookups(FIND.format(name)) == ()


def test_what_desktop_systems_have_is_told_apart():
    (found,) = lookups(FIND.format("asound"))
    assert (found.names, found.promise) == (("asound",), Promise.DESKTOP)
    musl = replace(LINUX, platform=replace(LINUX.platform, libc=Libc.MUSL, version=None))
    assert [one.promise for one in lookups(FIND.format("asound"), musl)] == [None]


def test_what_is_not_known_of_windows_is_not_called_missing():
    assert lookups(FIND.format("unheard-of"), WINDOWS) == ()
    assert [one.names for one in lookups(FIND.format("magic"), WINDOWS)] == [("magic",)]
    assert lookups(FIND.format("kernel32"), WINDOWS) == ()


@pytest.mark.parametrize(
    "source",
    [
        "import ctypes\nctypes.CDLL('./libmine.so')",  # from a folder of its own
        "import cffi\ncffi.FFI().dlopen('z')",  # which cffi looks for as find_library does
        f"raise ImportError  # {FIND[:8]} find_library",
        "import ctypes\nctypes.CDLL(None)",
        "from ctypes.util import find_library\nfind_library('portaudio')\nif broken:\n    raise ImportError",
        "from ctypes.util import find_library\nfind_library('portaudio')\nraise ImportError",  # fails with it too
    ],
)
def test_what_does_not_depend_on_the_system(source):
    assert lookups(source) == ()


def test_a_module_that_may_not_run_does_not_count():
    assert lookups(FIND.format("portaudio"), certain=False) == ()


def test_a_library_of_the_wheel_itself_may_be_found():
    files = {"pkg/__init__.py": FIND.format("portaudio"), "pkg/_libs/libportaudio64.so.2": ""}
    assert lookups(files) == ()
    assert brings_library(["x.libs/libPortAudio-2.so.2"], "libportaudio.so.2")
    assert not brings_library(["portaudio.py", "libport.so"], "portaudio")


def test_modules_of_which_one_must_be_there():
    attempt = "try:\n    import {}\n    found = True\nexcept ImportError:\n    pass\n"
    source = (
        f"found = False\n{attempt.format('torch.nn')}{attempt.format('mxnet')}if not found:\n    raise RuntimeError"
    )
    (found,) = lookups(source)
    assert (found.names, found.instead_of, found.raises) == ((), ("torch.nn", "mxnet"), "RuntimeError")
    assert lookups(source.replace("torch.nn", "json").replace("mxnet", "pkg")) == ()


def test_text_that_is_no_python_or_can_not_be_read():
    assert lookups("find_library(") == ()
    assert lookups("# find_library\nx = 1" + " " * (1 << 19)) == ()


@pytest.mark.parametrize(
    "files",
    [
        {"pkg/__init__.py": "from pkg import loader\nlib = loader.load()", "pkg/loader.py": LOADER},
        {"pkg/__init__.py": LOADER, "pkg/sound.py": "from . import load\nlib = load()"},
        {"pkg/__init__.py": "", "pkg/loader.py": LOADER, "pkg/sound.py": "from .loader import load\nlib = load()"},
    ],
)
def test_a_module_is_gone_through_that_names_one_that_looks(files):
    files = {"pkg/other.py": "import json\n", **files}
    names = {member: member.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for member in files}
    entered = [Entered(name=name, member=member, via=(name,), certain=True) for member, name in names.items()]
    read = []

    def text(member):
        read.append(member)
        return files[member]

    (found,) = failing_lookups(entered, ModuleIndex(files), text, LINUX)
    assert found.names[0] == "portaudio"
    assert read.count("pkg/other.py") == 1  # only to see that it is not worth more
