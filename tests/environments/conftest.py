"""An index on loopback with a tiny wheel, a cache of its own, and pip's settings pointing there and nowhere else."""

import os

import pytest

from envdoctor.core.request import Request
from envdoctor.environments.cache import Cache
from index_server import IndexServer
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
def index(monkeypatch):
    """An index that serves tiny 1.0."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            monkeypatch.delenv(name)
    with IndexServer() as server:
        server.add("tiny", *tiny_wheel())
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", server.simple)
        monkeypatch.setenv("PIP_RETRIES", "0")
        yield server


@pytest.fixture
def spec(tmp_path, platform):
    lock = tmp_path / "tiny.txt"
    lock.write_text(pin("tiny", "1.0", tiny_wheel()[1]))
    return tiny_spec(lock, platform=platform)
