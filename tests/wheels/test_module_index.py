"""Which files of a wheel a Python takes for modules, by their names."""

import dataclasses

import pytest

from envdoctor.binaries.python_abi import is_looked_for
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target
from envdoctor.wheels.module_index import ModuleIndex
from wheel_files import LINUX, MACOS, WINDOWS

MUSL = Target(
    platform=Platform(system=System.LINUX, arch="x86_64", version=(1, 2), libc=Libc.MUSL), interpreter=LINUX.interpreter
)
FREE = dataclasses.replace(LINUX, interpreter=Interpreter(version=(3, 13), free_threaded=True))


@pytest.mark.parametrize(
    ("target", "tag", "is_found"),
    [
        (LINUX, "cpython-311-x86_64-linux-gnu.so", True),
        (LINUX, "cpython-311-aarch64-linux-gnu.so", False),  # cross-built, and named after the wrong machine
        (LINUX, "cpython-311-riscv64-linux-gnu.so", False),
        (LINUX, "abi3.so", True),
        (LINUX, "so", True),
        (LINUX, "pyd", False),
        (LINUX, "cpython-311-darwin.so", False),
        (LINUX, "cpython-312-x86_64-linux-gnu.so", False),
        (LINUX, "cpython-311-x86_64-linux-musl.so", False),
        (MUSL, "cpython-311-x86_64-linux-musl.so", True),
        (MUSL, "cpython-311-x86_64-linux-gnu.so", False),
        (MACOS, "cpython-311-darwin.so", True),
        (MACOS, "cpython-311-x86_64-linux-gnu.so", False),
        (WINDOWS, "cp311-win_amd64.pyd", True),
        (WINDOWS, "pyd", True),
        (WINDOWS, "so", False),
        (WINDOWS, "abi3.pyd", False),
        (WINDOWS, "cp311-win32.pyd", False),
        (WINDOWS, "cp311-mingw_x86_64.pyd", False),
        (FREE, "abi3.so", False),
        (FREE, "cpython-313t-x86_64-linux-gnu.so", True),
    ],
)
def test_the_names_that_a_python_looks_for(target, tag, is_found):
    assert is_looked_for(f"_m.{tag}", target) is is_found
    index = ModuleIndex(["pkg/__init__.py", f"pkg/_m.{tag}"], target)
    assert (index.find("pkg._m") is not None, index.exists("pkg._m")) == (is_found, is_found)


@pytest.mark.parametrize(
    ("name", "may_be"),
    [("_m.dylib", False), ("_m.pyi", False), ("_m.pyx", True), ("_m.cu", False), ("_m", False), ("_m.pyc", True)],
)
def test_what_is_called_like_a_module_and_is_none(name, may_be):
    assert ModuleIndex(["pkg/__init__.py", f"pkg/{name}"], MACOS).exists("pkg._m") is may_be
    assert ModuleIndex(["pkg/__init__.py", f"pkg/{name}"]).exists("pkg._m")
