"""An index on loopback, and an environment that is installed from it."""

import pytest

from broken_environments import make_env, publish_all
from index_server import IndexServer


@pytest.fixture(scope="module")
def server():
    with IndexServer() as server:
        publish_all(server)
        yield server


@pytest.fixture
def env(server, tmp_path, monkeypatch):
    return make_env(server, tmp_path, monkeypatch)
