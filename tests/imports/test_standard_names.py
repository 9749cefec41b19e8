"""Names of Python's own modules: what is said to lack must lack in every Python of that version."""

import importlib
import pkgutil
import sys
import warnings
from dataclasses import replace

import pytest

from envdoctor.core.data import load_table
from envdoctor.core.target import Interpreter
from envdoctor.imports.site import Presence
from envdoctor.imports.standard_library import standard_found
from envdoctor.imports.standard_names import is_listed, standard_lacks
from wheel_files import LINUX, MACOS, WINDOWS


def python(*version, base=LINUX, implementation="cp"):
    return replace(base, interpreter=Interpreter(version=version, implementation=implementation))


HERE = python(*sys.version_info[:2])


@pytest.mark.parametrize(
    ("module", "name", "version"),
    [
        ("json", "nothere", (3, 11)),
        ("collections", "Mapping", (3, 10)),
        ("asyncio", "TaskGroup", (3, 10)),
        ("os.path", "nothere", (3, 11)),
        ("inspect", "getargspec", (3, 11)),
        ("builtins", "undefined_name", (3, 12)),
        ("xml.etree.ElementTree", "nothere", (3, 11)),
    ],
)
def test_what_lacks(module, name, version):
    assert standard_lacks(module, name, python(*version))


@pytest.mark.parametrize(
    ("module", "name", "target"),
    [
        ("collections", "Mapping", python(3, 9)),  # by its `__getattr__`
        ("asyncio", "TaskGroup", python(3, 11)),
        ("os", "startfile", python(3, 11, base=WINDOWS)),
        ("json", "__anything__", python(3, 11)),
        ("json", "nothere", python(3, 7)),  # older than what was asked
        ("json", "nothere", python(3, 11, implementation="pp")),
        ("json", "_nothere", python(3, 11, base=MACOS)),
        ("json", "_nothere", python(3, 15)),
        ("logging", "re", python(3, 11, base=WINDOWS)),
        ("concurrent", "futures", python(3, 11)),  # a submodule
        ("tkinter", "nothere", python(3, 11)),  # not asked
        ("numpy", "nothere", python(3, 11)),
    ],
)
def test_what_is_there_or_not_known(module, name, target):
    assert not standard_lacks(module, name, target)


@pytest.mark.slow
@pytest.mark.skipif(not (3, 8) <= sys.version_info[:2] <= (3, 14), reason="the table ends with Python 3.14")
def test_this_very_python_has_nothing_that_is_said_to_lack():
    false = []
    for module in load_table("standard_names")["names"]:
        if module.startswith(("lib2to3", "distutils", "idlelib", "pydoc_data")) or not is_listed(module, HERE):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # some are deprecated
                found = importlib.import_module(module)
        except ImportError:  # left out when it was built
            continue
        below = [each.name for each in pkgutil.iter_modules(getattr(found, "__path__", ()))]
        false += [(module, name) for name in (*dir(found), *below) if standard_lacks(module, name, HERE)]
    assert not {(module, name) for module, name in false if not name.startswith("_")}


def test_submodules():
    assert standard_found("json.nothere", HERE).presence is Presence.ABSENT
    assert standard_found("json.decoder", HERE).presence is Presence.ELSEWHERE
    assert standard_found("asyncio.taskgroups", python(3, 10)).presence is Presence.ABSENT
    assert standard_found("encodings.nothere", HERE).presence in {Presence.ABSENT, Presence.UNKNOWN}
    assert standard_found("numpy", HERE) is None
