"""pip's settings in uv's words: each mapping, and that uv itself takes what it is handed."""

from __future__ import annotations

import os

import pytest

from envdoctor.index import uv_settings
from envdoctor.index.settings import IndexSettings
from envdoctor.index.uv_settings import uv_arguments, uv_environment, uv_omissions


@pytest.fixture(autouse=True)
def _without_keyring(monkeypatch):
    monkeypatch.setattr(uv_settings.shutil, "which", lambda name: None)


def given(settings):
    return {name: value for name, value in uv_environment(settings).items() if value is not None}


def test_nothing_known_hands_no_index_on_and_takes_uvs_own_away():
    environment = uv_environment(IndexSettings())
    assert given(IndexSettings()) == {
        "UV_NO_CONFIG": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_HTTP_TIMEOUT": "15",
        "UV_HTTP_RETRIES": "5",
    }
    assert environment["UV_DEFAULT_INDEX"] is None
    assert environment["UV_INDEX_URL"] is None


def test_indexes_credentials_and_trust(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    settings = IndexSettings(
        index_url="https://me:secret@a.test/simple",
        extra_index_urls=("https://b.test/simple", str(tmp_path)),
        trusted_hosts=("a.test", "b.test:8443"),
        cert=str(bundle),
        client_cert="client.pem",
        proxy="http://proxy.test:3128",
        timeout=0.2,
    )
    environment = given(settings)
    assert environment["UV_DEFAULT_INDEX"] == "https://me:secret@a.test/simple"
    assert environment["UV_INDEX"] == f"https://b.test/simple {tmp_path.as_uri()}"
    assert environment["UV_INSECURE_HOST"] == "a.test b.test:8443"
    assert environment["SSL_CERT_FILE"] == str(bundle)
    assert environment["SSL_CLIENT_CERT"] == "client.pem"
    assert environment["HTTPS_PROXY"] == environment["HTTP_PROXY"] == "http://proxy.test:3128"
    assert environment["UV_HTTP_TIMEOUT"] == "1"
    assert uv_arguments(settings) == ()
    assert given(IndexSettings(cert=str(tmp_path)))["SSL_CERT_DIR"] == str(tmp_path)


def test_links_that_uv_would_stop_at_are_left_out_and_said(tmp_path):
    page = tmp_path / "links.html"
    page.touch()
    missing = tmp_path / "missing"
    settings = IndexSettings(
        find_links=(str(tmp_path), tmp_path.as_uri(), "https://u:p@c.test/links", str(page), str(missing))
    )
    assert given(settings)["UV_FIND_LINKS"] == f"{tmp_path.as_uri()},{tmp_path.as_uri()},https://u:p@c.test/links"
    assert uv_omissions(settings) == (f"{page} (a page on this machine)", f"{missing} (no such folder)")


@pytest.mark.skipif(os.name != "posix", reason="FIFOs as POSIX has them")
def test_a_folder_with_a_pipe_is_not_given_to_uv_which_would_wait_for_it(tmp_path):
    os.mkfifo(tmp_path / "a-1.0-py3-none-any.whl")
    settings = IndexSettings(find_links=(str(tmp_path),))
    assert given(settings).get("UV_FIND_LINKS") is None
    assert "a-1.0-py3-none-any.whl in it is no file" in uv_omissions(settings)[0]


def test_no_index():
    settings = IndexSettings(index_url="https://a.test/simple", extra_index_urls=("https://b.test",), no_index=True)
    assert uv_arguments(settings) == ("--no-index",)
    assert not {"UV_DEFAULT_INDEX", "UV_INDEX"} & given(settings).keys()


def test_keyring_is_used_where_its_program_is(monkeypatch):
    monkeypatch.setattr(uv_settings.shutil, "which", lambda name: "/usr/bin/keyring")
    assert given(IndexSettings())["UV_KEYRING_PROVIDER"] == "subprocess"
    assert "UV_KEYRING_PROVIDER" not in given(IndexSettings(keyring="disabled"))
