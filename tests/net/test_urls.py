"""Secrets in URLs."""

from __future__ import annotations

import pytest

from envdoctor.net.urls import credentials, is_remote, redacted, without_credentials


@pytest.mark.parametrize(
    ("url", "shown", "bare", "secret"),
    [
        ("https://a.test/x", "https://a.test/x", "https://a.test/x", None),
        ("https://me:s%40x@a.test:8/x#y", "https://****@a.test:8/x#y", "https://a.test:8/x", ("me", "s@x")),
        ("https://token@a.test/x?q=1", "https://****@a.test/x?q=1", "https://a.test/x?q=1", ("token", "")),
        ("/a/path", "/a/path", "/a/path", None),
    ],
)
def test_credentials_are_taken_apart_and_hidden(url, shown, bare, secret):
    assert redacted(url) == shown
    assert without_credentials(url) == bare
    assert credentials(url) == secret


def test_what_is_asked_over_http():
    assert is_remote("https://a.test")
    assert not is_remote("file:///x")
    assert not is_remote("C:\\wheels")
