"""`envdoctor matrix PACKAGE --has NAME`: which versions have a module or a name."""

import pytest

from index_wheels import publish
from printed import as_json

WHERE = ("--platform", "linux-x86_64", "--python", "3.11")
OLD = {"tool/__init__.py": b"from . import solutions\nVERSION = 1\n", "tool/solutions.py": b"run = print\n"}
NEW = {"tool/__init__.py": b"VERSION = 2\n", "tool/tasks/__init__.py": b""}
ODD = {"tool/__init__.py": b"import os\nglobals().update(os.environ)\n"}


@pytest.fixture(autouse=True)
def versions(server):
    for version, files in (("1.0", OLD), ("2.0", NEW), ("3.0", ODD)):
        publish(server, "tool", version, files=files)
    publish(server, "tool", "4.0", "py3-none-macosx_13_0_arm64", files=NEW)


def held(run, *arguments):
    code, found = as_json(run, "matrix", *arguments, *WHERE)
    return code, {cell["version"]: cell["holdings"] for cell in found["cells"]}


def test_modules_and_names_by_version(run):
    code, found = held(run, "tool", "--has", "tool.solutions", "--has", "tool.VERSION")
    assert code == 0
    assert found == {
        "4.0": {"tool.solutions": "UNKNOWN", "tool.VERSION": "UNKNOWN"},  # there is no wheel for this system
        "3.0": {"tool.solutions": "UNKNOWN", "tool.VERSION": "UNKNOWN"},  # its names come from elsewhere
        "2.0": {"tool.solutions": "LACKS", "tool.VERSION": "HAS"},
        "1.0": {"tool.solutions": "HAS", "tool.VERSION": "HAS"},
    }


@pytest.mark.parametrize(
    ("name", "code", "old"),
    [
        ("tool.solutions.run", 0, "HAS"),
        ("tool.solutions.gone", 1, "LACKS"),
        ("tool.gone.deeper", 1, "LACKS"),
        ("tool.VERSION.real", 1, "UNKNOWN"),  # what a value has, its text does not tell
        ("other", 1, "LACKS"),
    ],
)
def test_one_name(run, name, code, old):
    assert held(run, "tool<2", "--has", name) == (code, {"1.0": {name: old}})


def test_all_names_must_be_there_for_exit_code_0(run):
    assert held(run, "tool==2.0", "--has", "tool.tasks", "--has", "tool.solutions")[0] == 1


@pytest.mark.slow
def test_the_table_for_people(run):
    code, printed = run("matrix", "tool", "--has", "tool.solutions", *WHERE, "-v")
    lines = [line.strip() for line in printed.out.splitlines()]
    assert code == 0
    assert "2.0      LACKS" in lines
    assert "1.0      HAS" in lines
    assert any(line.endswith("tool.solutions: the newest version that has it is 1.0.") for line in lines)
    assert "4.0 on linux-x86_64" in printed.out


@pytest.mark.parametrize("more", [("other",), ("--verify",), ("--has", "no name")])
def test_what_does_not_go_with_it(run, more):
    code, printed = run("matrix", "tool", "--has", "tool.solutions", *more)
    assert (code, "--has" in printed.err) == (2, True)
