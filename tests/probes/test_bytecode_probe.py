"""Compiled modules without their text, as CPython writes and reads them."""

import importlib.util
import py_compile
import subprocess
import sys

import pytest

from asking import ask
from envdoctor.facts.bytecode import _MAGIC
from package_facts import ERROR
from sites import facts_of

HERE = "{}.{}.0".format(*sys.version_info[:2])
MAGIC = importlib.util.MAGIC_NUMBER


@pytest.fixture
def compiled(tmp_path):
    """The bytes of a module that this Python compiled."""
    source = tmp_path / "source.py"
    source.write_text("x = 1\n")
    return (tmp_path / py_compile.compile(str(source), cfile=str(tmp_path / "out.pyc"))).read_bytes()


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="the numbers are those of CPython")
def test_the_number_of_this_python_is_known():
    assert _MAGIC[sys.version_info[:2]] == int.from_bytes(MAGIC[:2], "little")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ((3394).to_bytes(2, "little") + b"\r\n", "for Python 3.7"),
        (b"\x00\x00\r\n", "of no Python that is known, or damaged"),
        (b"text", "of no Python that is known, or damaged"),
    ],
)
def test_another_python_refuses_it(site, compiled, head, words):
    site.install("secret", files={"secret/__init__.pyc": head + compiled[4:]})
    (finding,) = ask("PKG034", facts_of(site, version=HERE))
    assert (finding.severity, finding.subject) == (ERROR, "secret")
    assert words in finding.message
    run = subprocess.run([sys.executable, "-S", "-c", "import secret"], cwd=site.path, capture_output=True, check=False)
    assert b"bad magic number" in run.stderr


def test_what_this_python_reads_or_never_looks_at_is_fine(site, compiled):
    old = b"\x00\x00\r\n" + compiled[4:]
    files = {"pkg/__init__.pyc": compiled, "pkg/a.py": "", "pkg/a.pyc": old, "pkg/__pycache__/a.cpython-27.pyc": old}
    site.install("pkg", files=files)
    assert ask("PKG034", facts_of(site, version=HERE)) == ()


@pytest.mark.parametrize("python", [{"implementation": "pypy"}, {"version": "3.99.0"}])
def test_of_a_python_whose_number_is_not_known_nothing_is_said(site, compiled, python):
    site.install("pkg", files={"pkg/__init__.pyc": b"\x00\x00" + compiled[2:]})
    assert ask("PKG034", facts_of(site, **python)) == ()
