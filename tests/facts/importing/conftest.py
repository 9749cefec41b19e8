"""Environments whose imports are followed."""

import pytest

from loading_facts import loading_facts
from sites import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def look(tmp_path):
    def look(*sites, **more):
        return loading_facts(*sites, cache=tmp_path / "cache", **more).importing

    return look
