"""Files that the session downloads from a real server on loopback."""

import hashlib

import pytest

from envdoctor.core.errors import NetworkProblem, Unreadable


class TestDownload:
    def test_a_file_arrives_whole(self, server, session, tmp_path):
        server.add("pkg", "a.whl", b"content" * 1000)
        server.fail("/files/pkg/a.whl", "break", 502)
        target = tmp_path / "deep" / "a.whl"
        sha256 = hashlib.sha256(b"content" * 1000).hexdigest()
        assert session.download(server.file_url("pkg", "a.whl"), target, sha256=sha256) == 7000
        assert target.read_bytes() == b"content" * 1000

    def test_a_wrong_hash_leaves_nothing_behind(self, server, session, tmp_path):
        server.add("pkg", "a.whl", b"content")
        with pytest.raises(Unreadable, match="expected 0000"):
            session.download(server.file_url("pkg", "a.whl"), tmp_path / "a.whl", sha256="0" * 64)
        assert list(tmp_path.iterdir()) == []

    def test_a_missing_file_is_said_to_be_missing(self, server, session, tmp_path):
        with pytest.raises(NetworkProblem, match="does not exist"):
            session.download(server.file_url("pkg", "a.whl"), tmp_path / "a.whl")

    def test_too_large(self, server, session, tmp_path):
        server.add("pkg", "a.whl", b"x" * 1000)
        with pytest.raises(Unreadable, match="more than the 100 bytes"):
            session.download(server.file_url("pkg", "a.whl"), tmp_path / "a.whl", limit=100)
        assert list(tmp_path.iterdir()) == []
