"""Markers: true on the targets that they are for, false on the others of the lock, as packaging evaluates them."""

import itertools

import pytest
from packaging.markers import Marker

from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, System, Target
from envdoctor.locks.markers import check_targets, marker_for, marker_of, requires_python
from envdoctor.support.target_names import default_platform, parse_target

BASE = Target(platform=default_platform(System.LINUX, "x86_64"), interpreter=Interpreter(version=(3, 11)))
NAMES = ("linux-x86_64-cp311", "linux-aarch64-cp311", "macos-arm64-cp311", "macos-arm64-cp312", "windows-amd64-cp312")
TARGETS = [parse_target(name, BASE) for name in NAMES]


def holds(marker, target):
    return not marker or Marker(marker).evaluate(target.markers)


@pytest.mark.parametrize("chosen", [one for size in range(1, 6) for one in itertools.combinations(range(5), size)])
def test_a_marker_is_true_on_its_targets_alone(chosen):
    wanted = [TARGETS[number] for number in chosen]
    marker = marker_for(wanted, TARGETS)
    assert [target for target in TARGETS if holds(marker, target)] == wanted


def test_a_whole_platform_or_python_is_said_briefly():
    assert marker_for(TARGETS[2:4], TARGETS) == "sys_platform == 'darwin' and platform_machine == 'arm64'"
    assert "sys_platform" not in marker_for(TARGETS[:3], TARGETS[:4])
    assert marker_for(TARGETS, TARGETS) == ""


def test_targets_that_no_marker_tells_apart_are_refused():
    check_targets(TARGETS)
    older = parse_target("linux-x86_64-cp311-glibc2.17", BASE)
    with pytest.raises(
        UsageProblem, match=r"No marker tells linux-x86_64-cp311 and linux-x86_64-cp311-glibc2\.17 apart"
    ):
        check_targets([*TARGETS, older])


def test_one_target_by_itself():
    assert holds(marker_of(TARGETS[0]), TARGETS[0])
    assert not holds(marker_of(TARGETS[0]), parse_target("linux-x86_64-pp311", BASE))
    assert requires_python(TARGETS) == ">=3.11,<3.13"
