"""The index as the walk sees it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from packaging.version import Version

from envdoctor.availability.catalogue import Catalogue, parse_metadata
from envdoctor.availability.metadata import MetadataReader
from envdoctor.core.errors import Unreadable
from index_wheels import metadata, publish, publish_sdist


def test_releases_are_grouped_by_version_oldest_first(server, catalogue):
    publish(server, "app", "1.10")
    publish(server, "app", "1.9.0")
    publish_sdist(server, "app", "1.9")
    releases = catalogue.releases("app")
    assert [(str(version), len(files)) for version, files in releases.items()] == [("1.9.0", 2), ("1.10", 1)]
    assert catalogue.releases("app") is releases


def test_at_a_moment_only_what_was_there(server, client):
    publish(server, "app", "1.0", uploaded="2025-01-01T00:00:00Z")
    publish(server, "app", "2.0", uploaded="2025-06-01T00:00:00Z")
    publish(server, "app", "3.0")
    then = Catalogue(client, MetadataReader(client), datetime(2025, 3, 1, tzinfo=timezone.utc))
    assert list(then.releases("app")) == [Version("1.0")]
    assert not then.is_undated("app")
    publish(server, "undated", "1.0")
    assert then.is_undated("undated")
    assert not then.is_undated("absent")


def test_metadata_is_read_once(server, client, target):
    publish(server, "app", "1.0", requires=["lib>1; python_version < '3'"], extras=["More.Of"])
    reads = []
    reader = MetadataReader(client)
    catalogue = Catalogue(client, lambda file: reads.append(file) or reader(file))
    wheel = catalogue.wheel("app", Version("1.0"), target("linux"))
    for _ in range(2):
        found = catalogue.metadata(wheel)
    assert [str(one) for one in found.requires] == ['lib>1; python_version < "3"']
    assert found.extras == {"more-of"}
    assert len(reads) == 1


def test_a_requirement_that_is_none_names_its_wheel():
    with pytest.raises(Unreadable, match=r"app\.whl: its METADATA has a requirement"):
        parse_metadata(metadata("app", "1.0", requires=["lib >> 1"]), "app.whl")
    for deep in (f"lib; {'(' * 20_000}", f"lib<{'9' * 5000}"):
        with pytest.raises(Unreadable, match=r"app\.whl"):
            parse_metadata(metadata("app", "1.0", requires=[deep]), "app.whl")
