"""Imports that no wheel of a set brings."""

from dataclasses import replace

import pytest

from envdoctor.core.availability import ReasonKind
from envdoctor.core.finding import Severity
from envdoctor.core.target import Interpreter
from surveyed import reasons_of
from wheel_files import LINUX, WINDOWS


def reasons(*described, target=LINUX):
    """Of wheels (name, files, requirements)."""
    return reasons_of([(name, "1.0", files, requires) for name, files, requires in described], target)


def python(*version, base=LINUX):
    return replace(base, interpreter=Interpreter(version=version))


APP = ("app", {"app/__init__.py": "import json, lib.core"}, ["lib"])


def test_what_is_required_is_brought():
    assert reasons(APP, ("lib", {"lib/__init__.py": "", "lib/core.py": ""}, [])) == []


def test_what_nobody_requires_is_missing():
    (reason,) = reasons(
        ("app", {"app/__init__.py": "from app import core", "app/core.py": "import numpy, torch.nn"}, [])
    )
    assert (reason.kind, reason.severity, reason.subject) == (ReasonKind.BROKEN, Severity.ERROR, "app 1.0")
    assert "`import app` fails: app.core imports numpy, which no wheel of the set brings" in reason.message
    assert (reason.cause.kind.value, reason.cause.files, reason.cause.names) == ("module", ("app.core",), ("numpy",))
    assert "nor does any bring torch" in reason.message
    assert reason.evidence[0].excerpt.splitlines() == ["app > app.core > numpy", "app > app.core > torch"]


def test_imports_are_followed_into_what_is_required():
    (reason,) = reasons(APP, ("lib", {"lib/__init__.py": "import six", "lib/core.py": ""}, []))
    assert reason.subject == "lib 1.0"


def test_a_required_wheel_that_is_not_imported_does_not_matter():
    assert reasons(("app", {"app.py": ""}, ["Lib>=1"]), ("lib", {"lib/__init__.py": "import six"}, [])) == []


def test_another_package_of_a_wheel_is_less_sure_to_matter():
    (reason,) = reasons(("app", {"app/__init__.py": "", "extra/__init__.py": "import torch"}, []))
    assert (reason.kind, reason.severity) == (ReasonKind.NOTE, Severity.WARNING)
    assert reasons(("app", {"app/__init__.py": "", "tests/__init__.py": "import pytest"}, [])) == []


def test_namespaces_are_told_apart():
    app = ("app", {"app/__init__.py": "from google.protobuf import message"}, ["cloud"])
    (reason,) = reasons(app, ("cloud", {"google/cloud/__init__.py": ""}, []))
    assert "imports google.protobuf, which" in reason.message
    assert reasons(app, ("protobuf", {"google/protobuf/__init__.py": "", "google/protobuf/message.py": ""}, [])) == []


def test_a_package_in_a_namespace_is_imported_itself():
    (reason,) = reasons(("ns-part", {"ns/part/__init__.py": "import six"}, []))
    assert "`import ns.part` fails" in reason.message


@pytest.mark.parametrize(
    ("source", "target", "severity"),
    [
        ("import imp", python(3, 11), None),
        ("import imp", python(3, 12), Severity.ERROR),
        ("import fcntl", WINDOWS, Severity.ERROR),
        ("import fcntl", LINUX, None),
        ("import pkg_resources", python(3, 11), Severity.WARNING),
        ("import pkg_resources", python(3, 12), Severity.ERROR),
        ("import sys\nif sys.platform == 'linux':\n    import fcntl", WINDOWS, None),
    ],
)
def test_what_python_itself_has(source, target, severity):
    found = reasons(("app", {"app/__init__.py": source}, []), target=target)
    assert [reason.severity for reason in found] == ([severity] if severity else [])


def test_what_python_dropped_and_what_stands_in_for_it():
    source = "try:\n    import audioop\nexcept ImportError:\n    import pyaudioop as audioop"
    assert reasons(("app", {"app/__init__.py": source}, []), target=python(3, 12)) == []
    (reason,) = reasons(("app", {"app/__init__.py": source}, []), target=python(3, 13))
    assert (
        "imports pyaudioop, which no wheel of the set brings (in place of audioop, which Python 3.13" in reason.message
    )
    assert (
        reasons(("app", {"app/__init__.py": source}, ["x"]), ("x", {"audioop.py": ""}, []), target=python(3, 13)) == []
    )


def test_a_newer_setuptools_takes_the_place_of_the_one_that_environments_have():
    app = ("app", {"app/__init__.py": "import pkg_resources"}, ["setuptools"])
    (reason,) = reasons(app, ("setuptools", {"setuptools/__init__.py": ""}, []), target=python(3, 11))
    assert (reason.severity, reason.remedies) == (Severity.ERROR, ("setuptools<82",))


def test_who_would_bring_it_is_named():
    (reason,) = reasons(("app", {"app/__init__.py": "import pkg_resources"}, []), target=python(3, 12))
    assert "setuptools<82" in reason.message


def test_a_pth_file_excuses_and_so_does_a_distribution_beside():
    app = ("app", {"app/__init__.py": "import hidden, distutils"}, ["setuptools"])
    tools = (
        "setuptools",
        {"setuptools/__init__.py": "", "setuptools/lib/hidden.py": "", "x.pth": "setuptools/lib"},
        [],
    )
    assert reasons(app, tools, target=python(3, 12)) == []


def test_wheels_that_require_each_other_are_all_looked_at():
    found = reasons(("a", {"a.py": "import b"}, ["b"]), ("b", {"b.py": "import a, six"}, ["a"]))
    assert [reason.subject for reason in found] == ["b 1.0"]


def commands(text):
    return {"app-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{text}\n"}


SERVER = {"app/__init__.py": "", "app/server.py": "import aiohttp"}


def test_the_module_that_a_command_enters_is_imported_too():
    (reason,) = reasons(("app", {**SERVER, **commands("app = app.server:main")}, []))
    assert (reason.kind, reason.severity) == (ReasonKind.BROKEN, Severity.ERROR)
    assert "the command `app` fails: app.server imports aiohttp, which no wheel of the set brings" in reason.message


def test_a_command_of_another_name_is_a_part():
    (reason,) = reasons(("app", {**SERVER, **commands("appd = app.server:main")}, []))
    assert (reason.kind, reason.severity) == (ReasonKind.NOTE, Severity.WARNING)


@pytest.mark.parametrize(
    ("text", "requires"),
    [("app = app.server:main [http]", []), ("app = app.server:main", ["aiohttp; extra == 'http'"])],
)
def test_a_command_that_is_for_an_extra_may_fail_without_it(text, requires):
    assert reasons(("app", {**SERVER, **commands(text)}, requires)) == []
