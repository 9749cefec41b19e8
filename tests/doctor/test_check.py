"""Which probes `--only` and `--skip` leave."""

from __future__ import annotations

import pytest

from envdoctor import registry
from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.check import select

MACHINE = frozenset({"machine"})


def codes(only=(), skip=(), asked=MACHINE):
    return {one.code for one in select(registry.probes(), asked, only, skip)}


def test_codes_and_families():
    assert codes(only=["PKG001"]) == {"PKG001"}
    assert {code[:3] for code in codes(only=["HST"])} == {"HST"}
    assert not {"PKG001"} & codes(skip=["PKG001"])
    assert codes(only=["HST", "PKG001"], skip=["HST"]) == {"PKG001"}


@pytest.mark.parametrize(
    ("only", "skip", "words"),
    [
        (["XYZ"], [], "'XYZ' is neither a probe's code nor a family"),
        (["PKG001"], ["PKG001"], "leave nothing to check"),
        (["IDX"], [], "no check here is of IDX"),
        (["PKG001"], ["PKG"], "leave nothing to check"),
    ],
)
def test_what_checks_nothing_is_refused_and_not_called_fine(only, skip, words):
    with pytest.raises(UsageProblem, match=words):
        codes(only, skip)


@pytest.mark.parametrize(
    ("only", "skip", "asked", "is_asked"),
    [
        ([], [], MACHINE, False),
        (["LIB"], [], MACHINE, False),
        (["LIB001"], [], MACHINE, False),
        (["LIB010"], [], MACHINE, True),
        (["LIB", "LIB010"], [], MACHINE, True),
        ([], [], MACHINE | {"witness"}, True),
        (["LIB"], [], MACHINE | {"witness"}, True),
        (["LIB001"], [], MACHINE | {"witness"}, False),
        ([], ["LIB010"], MACHINE | {"witness"}, False),
    ],
)
def test_the_second_witness_is_asked_by_its_code_or_its_option(only, skip, asked, is_asked):
    assert ("LIB010" in codes(only, skip, asked)) is is_asked
