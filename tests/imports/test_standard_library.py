"""What Python brings, held against the Python that runs this."""

import sys
from dataclasses import replace

import pytest

from envdoctor.core.target import Interpreter
from envdoctor.imports.standard_library import is_of_another_python, module_provider, standard_modules
from wheel_files import LINUX, WINDOWS


def on(version, implementation="cp", base=LINUX):
    return replace(base, interpreter=Interpreter(version=version, implementation=implementation))


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="the table was made with 3.10 to 3.14")
def test_the_table_is_what_this_python_says():
    here = standard_modules(on(sys.version_info[:2])) | standard_modules(on(sys.version_info[:2], base=WINDOWS))
    assert here >= set(sys.stdlib_module_names)
    assert {name for name in here - set(sys.stdlib_module_names) if not name.startswith("_")} == set()


@pytest.mark.parametrize(
    ("module", "version", "there"),
    [
        ("imp", (3, 11), True),
        ("imp", (3, 12), False),
        ("cgi", (3, 12), True),
        ("cgi", (3, 13), False),
        ("tomllib", (3, 10), False),
        ("tomllib", (3, 11), True),
        ("numpy", (3, 11), False),
        ("_cffi_backend", (3, 11), False),
    ],
)
def test_modules_come_and_go(module, version, there):
    assert (module in standard_modules(on(version))) is there
    assert is_of_another_python(module) is (module not in {"numpy", "_cffi_backend"})


def test_systems_differ():
    assert {"fcntl", "pwd"} <= standard_modules(LINUX)
    assert "winreg" not in standard_modules(LINUX)
    assert {"winreg", "msvcrt"} <= standard_modules(WINDOWS)
    assert standard_modules(WINDOWS).isdisjoint({"fcntl", "pwd"})
    assert "_cffi_backend" in standard_modules(on((3, 10), "pp"))


def test_who_brings_a_module():
    provider = module_provider("pkg_resources")
    assert (provider.requirement, provider.below) == ("setuptools<82", (3, 12))
    assert module_provider("distutils").beside == "setuptools"
    assert module_provider("numpy") is None
