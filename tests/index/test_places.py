"""Folders and pages on this machine."""

from __future__ import annotations

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.index import places
from envdoctor.index.places import local_links, local_path, local_project


def test_a_folder_offers_its_files(tmp_path):
    (tmp_path / "b.whl").write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    (link,) = local_links(tmp_path.as_uri())
    assert (link.filename, link.url, link.size) == ("b.whl", (tmp_path / "b.whl").as_uri(), 5)


def test_a_page_offers_its_links(tmp_path):
    page = tmp_path / "my links.html"
    page.write_text("<a href='sub/a.whl#sha256=x'>a</a>")
    (link,) = local_links(str(page))
    assert link.url == (tmp_path / "sub/a.whl").as_uri()
    assert local_path(page.as_uri()) == page


def test_a_missing_place_offers_nothing(tmp_path):
    assert local_links(str(tmp_path / "missing")) == ()
    assert local_project(str(tmp_path), "missing") is None


def test_a_page_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_PAGE_LIMIT", 3)
    (tmp_path / "page.html").write_text("1234")
    with pytest.raises(Unreadable, match="larger"):
        local_links(str(tmp_path / "page.html"))
