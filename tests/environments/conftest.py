"""An index on loopback with a tiny wheel, a cache of its own, and pip's settings pointing there and nowhere else."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from envdoctor.core.request import Request
from envdoctor.environments.cache import Cache
from index_server import IndexServer, Manners
from made_environments import make
from tiny_wheels import pin, platform_here, tiny_spec, tiny_wheel


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture(scope="session")
def platform():
    return platform_here()


@pytest.fixture
def request_(cache):
    return Request(cache=cache.root)


@pytest.fixture
def lone_python(monkeypatch):
    """A machine with no other Pythons than this one: each that there is would be started."""
    monkeypatch.setattr("envdoctor.environments.interpreters.search_path", lambda _: str(Path(sys.executable).parent))


@pytest.fixture(scope="session")
def index_server():
    """Always at the same address, so that what uv has in its cache is from there."""
    with IndexServer() as server:
        yield server


@pytest.fixture
def index(monkeypatch, index_server):
    """An index that serves tiny 1.0."""
    _serve_tiny(index_server, monkeypatch)
    return index_server


def _serve_tiny(server, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            monkeypatch.delenv(name)
    for held in (server.projects, server.extra, server.faults, server.seen):
        held.clear()
    server.manners = Manners()
    server.add("tiny", *tiny_wheel())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", server.simple)
    monkeypatch.setenv("PIP_RETRIES", "0")


@pytest.fixture(scope="session")
def _made_once(index_server, platform, tmp_path_factory):
    """A cache in which the environment was made, and what the index was asked for it."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _serve_tiny(index_server, monkeypatch)
        make(_tiny(folder, platform), Request(cache=folder / "cache"))
    return folder / "cache", tuple(index_server.seen)


@pytest.fixture
def was_made(_made_once, index, cache):
    """The environment was made before, from this index; for tests of what comes after that."""
    made, seen = _made_once
    shutil.copytree(made, cache.root, symlinks=True)
    index.seen.extend(seen)


@pytest.fixture
def spec(tmp_path, platform):
    return _tiny(tmp_path, platform)


def _tiny(folder, platform):
    lock = folder / "tiny.txt"
    lock.write_text(pin("tiny", "1.0", tiny_wheel()[1]))
    return tiny_spec(lock, platform=platform)
