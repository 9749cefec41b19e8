"""Targets against `packaging`'s own view of the machine that runs the test, and known names of others."""

from __future__ import annotations

import platform
import sys

import packaging.tags
import pytest
from packaging.markers import Marker, default_environment
from packaging.tags import parse_tag

from envdoctor.availability.here import platform_from_tags, target_here
from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target
from envdoctor.support.target_names import default_platform, parse_target

HERE = Target(platform=default_platform(System.LINUX, "x86_64"), interpreter=Interpreter(version=(3, 11)))


def target(name):
    return parse_target(name, HERE)


def test_here_has_the_tags_that_packaging_gives_this_interpreter():
    ours = target_here().tags
    assert set(ours) == set(packaging.tags.sys_tags())
    assert len(ours) == len(set(ours))


def test_here_has_the_markers_of_this_interpreter():
    ours, theirs = target_here().markers, dict(default_environment())
    for name in ("platform_release", "platform_version"):
        assert ours.pop(name) == ""
        theirs.pop(name)
    if theirs["platform_machine"] != platform.machine() or sys.version_info.releaselevel != "final":
        pytest.skip("this interpreter is a pre-release or is emulated")
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "tag", "accepted"),
    [
        ("macos-arm64-cp311", "cp311-cp311-macosx_12_0_arm64", True),
        ("macos-arm64-cp311", "cp311-cp311-macosx_11_0_universal2", True),
        ("macos-arm64-cp311", "cp311-cp311-macosx_14_0_arm64", False),
        ("macos14-arm64-cp311", "cp311-cp311-macosx_14_0_arm64", True),
        ("macos-arm64-cp311", "cp311-cp311-macosx_12_0_x86_64", False),
        ("macos-universal2-cp311", "cp311-cp311-macosx_12_0_universal2", True),
        ("macos-universal2-cp311", "cp311-cp311-macosx_12_0_arm64", False),
        ("linux-x86_64-cp311", "cp311-cp311-manylinux_2_28_x86_64", True),
        ("linux-x86_64-cp311", "cp311-cp311-manylinux_2_29_x86_64", False),
        ("linux-x86_64-cp311", "cp311-cp311-manylinux1_x86_64", True),
        ("linux-aarch64-cp311-glibc2.36", "cp311-cp311-manylinux2014_aarch64", True),
        ("linux-aarch64-cp311-glibc2.36", "cp311-cp311-manylinux_2_36_aarch64", True),
        ("linux-aarch64-cp311", "cp311-cp311-manylinux1_aarch64", False),
        ("linux-armv7l-cp311", "cp311-cp311-manylinux2014_armv7l.manylinux_2_17_armv7l", True),
        ("linux-armv7l-cp311", "cp311-cp311-linux_armv7l", True),
        ("linux-x86_64-cp312-musl1.2", "cp312-cp312-musllinux_1_1_x86_64", True),
        ("linux-x86_64-cp312-musl1.2", "cp312-cp312-manylinux2014_x86_64", False),
        ("linux-x86_64-cp312", "cp312-cp312-musllinux_1_1_x86_64", False),
        ("windows-amd64-cp313t", "cp313-cp313t-win_amd64", True),
        ("windows-amd64-cp313t", "cp313-cp313-win_amd64", False),
        ("windows-amd64-cp313t", "cp313-abi3-win_amd64", False),
        ("windows-amd64-cp313", "cp39-abi3-win_amd64", True),
        ("windows-x86-cp313", "cp313-cp313-win32", True),
        ("windows-arm64-cp313", "cp313-cp313-win_arm64", True),
        ("linux-x86_64-pp310", "pp310-pypy310_pp73-manylinux2014_x86_64", True),
        ("linux-x86_64-pp310", "cp310-cp310-manylinux2014_x86_64", False),
        ("linux-x86_64-pp310", "py3-none-any", True),
        ("linux-x86_64-pp310", "pp3-none-any", True),
    ],
)
def test_which_wheels_a_target_takes(name, tag, accepted):
    assert target(name).accepts(parse_tag(tag)) is accepted


@pytest.mark.parametrize(
    ("name", "marker"),
    [
        (
            "macos-arm64-cp311",
            "sys_platform == 'darwin' and platform_machine == 'arm64' and platform_system == 'Darwin'",
        ),
        ("linux-aarch64-cp312", "platform_machine == 'aarch64' and os_name == 'posix' and python_version == '3.12'"),
        ("windows-amd64-cp313", "platform_machine == 'AMD64' and os_name == 'nt' and sys_platform == 'win32'"),
        ("windows-x86-cp313", "platform_machine == 'x86'"),
        ("pp310", "implementation_name == 'pypy' and platform_python_implementation == 'PyPy'"),
        ("cp3.11.7", "python_full_version == '3.11.7'"),
        ("cp311", "python_full_version >= '3.11.20'"),
    ],
)
def test_markers(name, marker):
    assert Marker(marker).evaluate(target(name).markers)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("manylinux_2_36_x86_64", Platform(system=System.LINUX, arch="x86_64", version=(2, 36), libc=Libc.GLIBC)),
        ("musllinux_1_2_aarch64", Platform(system=System.LINUX, arch="aarch64", version=(1, 2), libc=Libc.MUSL)),
        ("macosx_14_0_arm64", Platform(system=System.MACOS, arch="arm64", version=(14, 0))),
        ("win_amd64", Platform(system=System.WINDOWS, arch="amd64")),
    ],
)
def test_a_platform_is_known_by_its_best_tag(tag, expected):
    assert platform_from_tags(["linux_x86_64", tag]) == expected
    assert tag in expected.tags[:2]


def test_a_platform_without_wheels_is_named():
    with pytest.raises(UsageProblem, match="freebsd_14"):
        platform_from_tags(["freebsd_14_amd64"])


def test_pythons_before_3_8_have_the_m_of_pymalloc_in_their_abi():
    board = target("coral-dev-board")
    assert board.accepts(parse_tag("cp37-cp37m-manylinux2014_aarch64"))
    assert not board.accepts(parse_tag("cp37-cp37-manylinux2014_aarch64"))
    assert board.accepts(parse_tag("cp37-abi3-manylinux2014_aarch64"))
    assert target("linux-x86_64-cp38").accepts(parse_tag("cp38-cp38-manylinux2014_x86_64"))
