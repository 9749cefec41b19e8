"""Fixtures of the tests of probes."""

import pytest

from sites import Site


@pytest.fixture
def site(tmp_path):
    """A folder with pip in it, as most have."""
    site = Site(tmp_path / "site-packages")
    site.install("pip", "25.0")
    return site
