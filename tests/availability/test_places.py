"""Settings that name no place to ask."""

from __future__ import annotations

import pytest

from envdoctor.availability.places import absent_places, refuse_nonsense
from envdoctor.core.errors import UsageProblem
from envdoctor.index.settings import IndexSettings

GOOD = "https://example.org/simple"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"index_url": "banana"}, "index-url is 'banana', neither an address (https://...) nor a folder here"),
        ({"index_url": "ftp://a/simple"}, "'ftp://a/simple', an address by ftp, and only http, https and file"),
        ({"index_url": "http://"}, "an address without a host"),
        ({"index_url": "https://user:word@"}, "'https://****@', an address without a host"),
        ({"index_url": GOOD, "extra_index_urls": ("ftp://a",)}, "extra-index-url is 'ftp://a'"),
        ({"index_url": GOOD, "no_index": True}, "no-index is on, and find-links names no place"),
        ({}, "No index is known"),
    ],
)
def test_nonsense_is_refused_and_where_it_comes_from_is_told(settings, said):
    with pytest.raises(UsageProblem) as raised:
        refuse_nonsense(IndexSettings(**settings))
    assert said in str(raised.value)
    assert "PIP_" in str(raised.value)
    assert "word" not in str(raised.value)


def test_places_that_can_be_asked(tmp_path):
    folder = tmp_path.as_uri()
    for settings in ({"index_url": GOOD}, {"index_url": folder}, {"no_index": True, "find_links": (folder,)}):
        refuse_nonsense(IndexSettings(**settings))


def test_a_further_index_that_is_not_there_is_noted(tmp_path):
    settings = IndexSettings(index_url=GOOD, extra_index_urls=(str(tmp_path), str(tmp_path / "absent"), GOOD))
    refuse_nonsense(settings)
    (note,) = absent_places(settings)
    assert note == f"pip's setting extra-index-url names {tmp_path / 'absent'}, which is no folder here."
