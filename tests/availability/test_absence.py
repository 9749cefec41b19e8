"""What is said of packages and versions that are not there."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from envdoctor.availability.absence import no_project, no_version
from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.table import parse_as_of
from envdoctor.index.access import open_index
from envdoctor.index.settings import IndexSettings
from index_wheels import publish


@pytest.fixture
def on(client):
    return lambda day: Catalogue(client, MetadataReader(client), parse_as_of(day))


@pytest.mark.slow
def test_a_package_of_later_was_not_there(server, on):
    publish(server, "app", "1.1", uploaded="2025-08-01T00:00:00Z")
    publish(server, "app", "1.0", uploaded="2025-06-01T00:00:00Z")
    assert no_project(on("2025-03-01"), "app") == (
        "nothing that the index has of app today was there at the end of 2025-03-01 (UTC): "
        "the oldest file is app-1.0-py3-none-any.whl, of 2025-06-01; what was removed is not known"
    )
    assert no_project(on("2025-03-01"), "absent") == "no index has a package called absent"


@pytest.mark.slow
def test_a_version_of_later_was_not_there(server, on):
    publish(server, "app", "1.0", uploaded="2025-01-01T00:00:00Z")
    publish(server, "app", "2.0", uploaded="2025-06-01T00:00:00Z")
    assert no_version(on("2025-03-01T12:00Z"), Requirement("app==2.0")) == (
        "no index had app==2.0 at 2025-03-01 12:00 (UTC); nearest: 1.0; "
        "of 2.0, the oldest file is app-2.0-py3-none-any.whl, of 2025-06-01"
    )


def test_where_no_index_may_be_asked_the_other_places_are_named(tmp_path):
    client = open_index(IndexSettings(no_index=True, find_links=(str(tmp_path),)), None)
    said = no_project(Catalogue(client, MetadataReader(client)), "app")
    assert said == (
        f"no package called app is in {tmp_path}, and pip's setting no-index leaves no other place to look in"
    )


def test_only_a_nightly_of_before_the_oldest_left_may_have_been_removed(server, catalogue):
    for day in ("20260202", "20260204"):
        publish(server, "tf-nightly", f"2.21.0.dev{day}")
    purged = no_version(catalogue, Requirement("tf-nightly==2.20.0.dev20250515"))
    assert "is a nightly, and indexes remove those after a while: the oldest left is 2.21.0.dev20260202" in purged
    assert "; newest: 2.21.0.dev20260204; " in purged
    span = no_version(catalogue, Requirement("tf-nightly>=2.19.0.dev20250101,<=2.19.0.dev20250208"))
    assert span.endswith(
        "nightlies are asked for, and indexes remove those after a while: the oldest left is 2.21.0.dev20260202"
    )
    never = no_version(catalogue, Requirement("tf-nightly==2.21.0.dev20260203"))
    assert "remove" not in never
    assert "nearest: 2.21.0.dev20260202 and 2.21.0.dev20260204" in never


def test_what_the_target_could_install_is_named(server, catalogue):
    publish(server, "app", "1.0")
    assert no_version(catalogue, Requirement("app>2"), [Version("1.0")]) == (
        "no index has app>2; newest: 1.0; versions that this target could install: 1.0"
    )
