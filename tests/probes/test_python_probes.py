"""Each probe of the interpreter: one that has the problem, one that has not, and one that only looks like it."""

import pytest

from asking import ask
from envdoctor.core.finding import Severity
from envdoctor.facts.host import Host
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin, SearchFolder

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
WINDOWS = {**Python().markers, "sys_platform": "win32"}


def severities(code, **python):
    return [finding.severity for finding in ask(code, python=Python(**python), host=Host())]


@pytest.mark.parametrize(
    ("version", "too_old", "too_new"),
    [
        ("3.8.18", [ERROR], []),
        ("3.9.2", [WARNING], []),  # TensorFlow 2.15 has wheels
        ("3.10.0", [], []),
        ("3.11.7", [], []),
        ("3.13.0", [], []),
        ("3.14.0rc2", [], [WARNING]),  # LiteRT has wheels
        ("3.15.0a1", [], [ERROR]),
    ],
)
def test_versions(version, too_old, too_new):
    assert severities("PYT001", version=version) == too_old
    assert severities("PYT002", version=version) == too_new


def test_a_python_of_the_wrong_age_is_answered_with_another():
    for code, version in (("PYT001", "3.8.1"), ("PYT002", "3.15.0")):
        (finding,) = ask(code, python=Python(version=version))
        assert finding.fix.commands == (("uv", "venv", "--python", "3.11", ".venv-3.11"),)
        assert version in finding.evidence[0].excerpt


@pytest.mark.parametrize(("implementation", "found"), [("cpython", []), ("pypy", [ERROR]), ("graalpy", [ERROR])])
def test_not_cpython(implementation, found):
    assert severities("PYT003", implementation=implementation) == found


def test_free_threaded_python():
    suffixes = (".cpython-313t-x86_64-linux-gnu.so", ".so")
    (finding,) = ask("PYT004", python=Python(version="3.13.0", free_threaded=True, extension_suffixes=suffixes))
    assert (finding.severity, "cpython-313t" in finding.evidence[0].excerpt) == (ERROR, True)
    assert severities("PYT004", version="3.13.0") == []


@pytest.mark.parametrize(
    ("python", "found"),
    [({}, []), ({"debug": True}, [INFO]), ({"debug": True, "markers": WINDOWS}, [ERROR]), ({"markers": WINDOWS}, [])],
)
def test_debug_python(python, found):
    assert severities("PYT005", **python) == found


@pytest.mark.parametrize(
    ("python", "found"), [({"bits": 32, "machine": "i686"}, [ERROR]), ({}, []), ({"machine": "aarch64"}, [])]
)
def test_thirty_two_bit_python(python, found):
    assert severities("PYT006", **python) == found


def test_externally_managed():
    marker = "/usr/lib/python3.11/EXTERNALLY-MANAGED"
    (finding,) = ask("PYT007", python=Python(externally_managed=marker))
    assert (finding.severity, finding.evidence[0].source) == (INFO, marker)
    assert finding.fix.commands == (("/usr/bin/python3", "-m", "venv", ".venv"),)
    assert severities("PYT007") == []


@pytest.mark.parametrize(
    ("path", "origin", "found"),
    [
        ("/opt/ros/humble/lib/python3.10/site-packages", Origin.PYTHONPATH, [WARNING]),
        ("/opt/ros/humble/local/lib/python3.10/dist-packages/", Origin.PYTHONPATH, [WARNING]),
        ("C:\\Python310\\Lib\\python3.10\\site-packages", Origin.PYTHONPATH, [WARNING]),
        ("/opt/ros/iron/lib/python3.11/site-packages", Origin.PYTHONPATH, []),
        ("/home/me/python3.10/project", Origin.PYTHONPATH, []),
        ("/usr/lib/python3/dist-packages", Origin.PYTHONPATH, []),
        ("/opt/x/lib/python3.10/site-packages", Origin.PTH, []),
    ],
)
def test_foreign_pythonpath(path, origin, found):
    assert severities("PYT008", search_path=(SearchFolder(path=path, origin=origin),)) == found
