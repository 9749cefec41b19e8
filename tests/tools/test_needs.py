"""What tests are skipped for, and the last lines of a run."""

import ast
from pathlib import Path

import pytest

import needs
from needs import PACKAGES, find, told


def test_what_is_not_there_skips_with_the_packages_that_bring_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(PACKAGES, "no-such-program", "first second")
    with pytest.raises(
        pytest.skip.Exception, match=r"^needs no-such-program \(Debian: apt-get install first second\)$"
    ):
        needs.needs("no-such-program")
    assert needs.needing("no-such-program").args == (True,)


def test_a_program_is_found_on_the_path(monkeypatch, tmp_path):
    program = tmp_path / "sshd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("sshd") == str(program)


def test_headers_are_those_of_this_python(monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert find(needs.PYTHON_HEADERS) is None
    (tmp_path / "Python.h").touch()
    assert find(needs.PYTHON_HEADERS) == str(tmp_path / "Python.h")


def test_a_run_ends_with_reasons_and_the_one_command():
    reasons = [
        "Skipped: needs zstd (Debian: apt-get install zstd)",
        "Skipped: needs sshd, ssh (Debian: apt-get install openssh-client openssh-server)",
        "Skipped: needs sshd, ssh (Debian: apt-get install openssh-client openssh-server)",
        "Skipped: no package index can be asked here: it hung up",
    ]
    assert told(reasons) == [
        "    2 needs sshd, ssh",
        "    1 needs zstd",
        "    1 no package index can be asked here",
        "To run more of them, on Debian or Ubuntu: sudo apt-get install openssh-client openssh-server zstd",
    ]
    assert told([]) == []


@pytest.mark.slow
def test_whatever_a_test_needs_is_in_the_table():
    """A name that is not would end the test where the thing is absent, and only there."""
    for path in Path(__file__).parents[1].rglob("*.py"):
        text = path.read_text("utf-8")
        if "from needs import" in text:
            calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
            named = [call.args for call in calls if getattr(call.func, "id", "") in {"needs", "needing"}]
            words = {one.value for arguments in named for one in arguments if isinstance(one, ast.Constant)}
            assert words <= needs.PACKAGES.keys() | {"no-such-program"}, path
