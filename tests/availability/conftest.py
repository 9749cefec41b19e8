"""An index double and the tools that ask it, for every test of this room."""

from __future__ import annotations

import pytest

from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.uv import UvResolver
from envdoctor.core.target import Interpreter, System, Target
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import open_index
from envdoctor.index.settings import IndexSettings
from envdoctor.support.target_names import default_platform, parse_target
from index_server import IndexServer
from uv_knowledge import know_this_python


@pytest.fixture
def server():
    with IndexServer() as server:
        yield server


@pytest.fixture
def settings(server):
    return IndexSettings(index_url=server.simple, timeout=5, retries=0)


@pytest.fixture
def client(settings, tmp_path):
    return open_index(settings, tmp_path / "index")


@pytest.fixture
def catalogue(client):
    return Catalogue(client, MetadataReader(client))


@pytest.fixture
def resolver(settings, tmp_path):
    know_this_python(tmp_path / "resolver" / "uv")
    return UvResolver(LocalExecutor(), settings, tmp_path / "resolver")


@pytest.fixture
def target():
    base = Target(platform=default_platform(System.LINUX, "x86_64"), interpreter=Interpreter(version=(3, 11)))
    return lambda name: parse_target(name, base)
