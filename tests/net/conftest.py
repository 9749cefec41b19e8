"""A server on loopback, and a session that asks it."""

import pytest

from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from index_server import IndexServer


@pytest.fixture
def server():
    with IndexServer(extra={"/page": ("text/plain", b"a page")}) as server:
        yield server


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def session(pauses):
    session = Session(NetworkSettings(retries=2, timeout=5), pause=pauses.append)
    yield session
    session.close()
