"""Names of Pythons, typed and printed."""

from __future__ import annotations

import re

import pytest

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.support.python_names import parse_pythons


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("3.11", ["cp311"]),
        ("3.10-3.14", ["cp310", "cp311", "cp312", "cp313", "cp314"]),
        ("cp313t, pp310 3.9", ["cp313t", "pp310", "cp39"]),
        ("3.11,3.11", ["cp311"]),
        ("3.11-3.11", ["cp311"]),
        ("3.13t,pypy3.10", ["cp313t", "pp310"]),
    ],
)
def test_pythons(text, names):
    assert [python.name for python in parse_pythons(text)] == names


@pytest.mark.parametrize(
    "text",
    ["", ",", "latest", "4", "4.x", "3", "3.11-", "-3.11", "3.99", "2.7", "cp311t", "pp312", "3.9-3.99"],
)
def test_no_pythons_but_the_names_of_those_that_are_known(text):
    with pytest.raises(UsageProblem, match=r"envdoctor knows CPython 3\.7 to 3\.15 \(.*\), free-threaded .* and PyPy"):
        parse_pythons(text)


def test_a_range_that_runs_backwards():
    with pytest.raises(UsageProblem, match=re.escape("it runs backwards; write 3.10-3.14.")):
        parse_pythons("3.14-3.10")


def test_a_patch_release_counts_for_markers_and_not_for_the_name():
    (python,) = parse_pythons("3.11.7")
    assert (python.name, python.full_version) == ("cp311", "3.11.7")


KNOWN = [
    name.format(minor)
    for kind, name in {"cpython": "cp3{}", "free_threaded": "cp3{}t", "pypy": "pp3{}"}.items()
    for minor in range(load_table("targets")["pythons"][kind][0], load_table("targets")["pythons"][kind][1] + 1)
]


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_python_is_read_back(name):
    assert [python.name for python in parse_pythons(name)] == [name]


def test_what_machines_ship_is_known():
    shipped = {word for name in load_table("targets")["aliases"].values() for word in re.findall(r"cp\d+", name)}
    assert shipped <= set(KNOWN)
