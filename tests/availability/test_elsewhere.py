"""Names under which an index has something else."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from envdoctor.availability.elsewhere import elsewhere
from envdoctor.core.data import load_table


@pytest.mark.parametrize(
    ("name", "versions", "known"),
    [
        ("PyCoral", ["0.2.0"], True),
        ("pycoral", ["0.2.0", "2.0.0"], False),
        ("pyarmnn", [], True),
        ("numpy", ["2.0"], False),
    ],
)
def test_where_the_real_thing_is(name, versions, known):
    assert bool(elsewhere(name, map(Version, versions))) is known


def test_the_table_has_each_name_once_and_a_sentence_for_it():
    packages = load_table("elsewhere")["packages"]
    names = [one["name"] for one in packages]
    assert [*map(canonicalize_name, names)] == names
    assert len(set(names)) == len(names)
    assert all(one["note"].endswith(".") for one in packages)
