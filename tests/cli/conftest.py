"""An index double with two packages, and a user whose pip is set to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from built import built
from envdoctor.cli import main
from index_server import IndexServer
from index_wheels import publish
from uv_knowledge import know_this_python

LINUX = "cp311-cp311-manylinux_2_17_x86_64"


@pytest.fixture(scope="session")
def bare():
    """A virtual environment without packages, to be examined and not to be changed: quicker than this run's own."""
    make = [sys.executable, "-m", "venv", "--without-pip", *(["--symlinks"] if os.name != "nt" else [])]
    return str(built(make, lambda folder: subprocess.run([*make, str(folder)], check=True)))


@pytest.fixture
def lone_python(monkeypatch):
    """A machine with no other Pythons than this one: each that there is would be started."""
    monkeypatch.setattr("envdoctor.environments.interpreters.search_path", lambda _: str(Path(sys.executable).parent))


@pytest.fixture
def server(tmp_path, monkeypatch):
    with IndexServer() as server:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", server.simple)
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
        know_this_python(tmp_path / "cache" / "resolver" / "uv")
        publish(server, "app", "1.0", requires=["lib==1.0"], uploaded="2025-01-01T00:00:00Z")
        publish(server, "app", "2.0", requires=["lib==2.0"], uploaded="2025-06-01T00:00:00Z")
        publish(server, "lib", "1.0", uploaded="2025-01-01T00:00:00Z")
        publish(server, "lib", "2.0", LINUX, uploaded="2025-06-01T00:00:00Z")
        yield server


@pytest.fixture
def run(server, capsys):
    def call(*words):
        code = main(words)
        return code, capsys.readouterr()

    return call
