import pytest

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.host import Host, known, version_of


def test_a_value_that_is_not_known_makes_a_probe_unknown():
    assert known(0, "the size") == 0
    with pytest.raises(FactUnavailable, match="the size could not be found out"):
        known(None, "the size")


@pytest.mark.parametrize(
    ("text", "numbers"), [("2.36", (2, 36)), ("10.0.22631", (10, 0, 22631)), ("12rc1", ()), ("", ()), ("3.1b.4", (3,))]
)
def test_versions_compare_by_their_numbers(text, numbers):
    assert version_of(text) == numbers


def test_a_test_names_what_matters_to_it():
    host = Host(machine="aarch64", page_size=16384)
    assert (host.platform, host.source("machine")) == ("linux-aarch64", "host.machine")


def test_this_machine_is_collected(tmp_path):
    host = Facts(Request(cache=tmp_path), LocalExecutor()).host
    assert host.machine
    assert host.disks[0].free > 0
