"""Files of an index as random access, and where credentials come from."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import Unreadable
from envdoctor.index.access import credential_source, open_index, opened
from envdoctor.index.project import FileKind, IndexFile
from envdoctor.index.settings import IndexSettings
from index_server import IndexServer

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def server():
    with IndexServer() as server:
        server.add("pkg", "pkg-1.0-py3-none-any.whl", CONTENT)
        yield server


@pytest.mark.parametrize("ranges", [True, False])
def test_a_remote_file_is_read_by_ranges_or_whole(server, ranges, tmp_path):
    server.manners.ranges = ranges
    client = open_index(IndexSettings(index_url=server.simple), tmp_path)
    (file,) = client.project("pkg").files
    with opened(client.session, file) as source:
        assert source.size == len(CONTENT)
        assert source.read_at(1000, 50) == CONTENT[1000:1050]
    assert client.session.traffic.received < (len(CONTENT) if ranges else len(CONTENT) * 1.1)


def test_a_whole_file_must_have_the_hash_that_the_index_names(server):
    server.manners.ranges = False
    server.projects["pkg"]["pkg-1.0-py3-none-any.whl"].hashes = {"sha256": "0" * 64}
    client = open_index(IndexSettings(index_url=server.simple), None)
    (file,) = client.project("pkg").files
    with pytest.raises(Unreadable, match="SHA-256"), opened(client.session, file):
        pass


def test_a_file_on_this_disk(tmp_path):
    (tmp_path / "x.whl").write_bytes(CONTENT)
    file = IndexFile(filename="x.whl", url=(tmp_path / "x.whl").as_uri(), kind=FileKind.WHEEL, version="1")
    client = open_index(IndexSettings(), None)
    with opened(client.session, file) as source:
        assert source.read_at(5, 3) == CONTENT[5:8]
    (tmp_path / "x.whl").unlink()
    with pytest.raises(Unreadable), opened(client.session, file):
        pass


class ExecutorDouble:
    name = "double"

    def __init__(self, result):
        self.result = result
        self.commands = []

    def run(self, command):
        self.commands.append(command.argv)
        return self.result


def test_the_keyring_program_is_asked_when_a_user_is_known():
    executor = ExecutorDouble(CommandResult(argv=(), returncode=0, stdout="hunter2\n"))
    ask = credential_source("subprocess", executor)
    assert ask("https://a.test/x", "me") == ("me", "hunter2")
    assert ask("https://a.test/x", None) is None
    assert executor.commands == [("keyring", "get", "https://a.test/x", "me")]
    assert credential_source("subprocess", ExecutorDouble(CommandResult(argv=(), returncode=1)))("u", "me") is None


def test_the_keyring_library_is_asked_if_it_is_there(monkeypatch):
    library, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    library.get_credential = lambda url, user: SimpleNamespace(username="me", password=f"for {url}")
    errors.KeyringError = type("KeyringError", (Exception,), {})
    monkeypatch.setitem(sys.modules, "keyring", library)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert credential_source("auto", None)("https://a.test", None) == ("me", "for https://a.test")

    def locked(url, user):
        raise errors.KeyringError

    library.get_credential = locked
    assert credential_source("import", None)("https://a.test", None) is None


def test_no_keyring_at_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert credential_source("auto", None)("https://a.test", "me") is None
    assert credential_source("disabled", None) is None
