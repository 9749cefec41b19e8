"""Tags and versions in words."""

from __future__ import annotations

import pytest
from packaging.tags import parse_tag
from packaging.version import Version

from envdoctor.availability.wording import (
    describe_platform,
    describe_python,
    neighbours_words,
    versions_words,
    wheels_words,
)


def tags(*names):
    return frozenset(tag for name in names for tag in parse_tag(name))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            ["cp311-cp311-manylinux_2_27_x86_64", "cp311-cp311-manylinux2014_aarch64"],
            (
                "none for macOS arm64 (13.0); for this Python on Linux aarch64 (glibc 2.17), Linux x86_64 (glibc 2.27) "
                "only"
            ),
        ),
        (
            ["cp310-cp310-macosx_12_0_arm64", "cp39-cp39-macosx_12_0_arm64", "cp313-cp313t-macosx_12_0_arm64"],
            "none for Python 3.11; on this platform for cp39, cp310, cp313t only",
        ),
        (
            ["cp310-cp310-win_amd64", "cp312-abi3-musllinux_1_1_x86_64"],
            (
                "none for macOS arm64 (13.0); none for Python 3.11; only for cp310, cp312+ on Linux x86_64 (musl 1.1), "
                "Windows amd64"
            ),
        ),
        (
            ["cp310-cp310-macosx_12_0_arm64", "cp311-cp311-win32"],
            "none for Python 3.11 on macOS arm64 (13.0); on this platform for cp310 only",
        ),
        (
            ["cp311-cp311-macosx_14_0_arm64", "cp311-cp311-macosx_15_0_arm64"],
            "none for macOS arm64 (13.0); for this Python on macOS arm64 (14.0) only, so from macOS 14.0 on",
        ),
        (
            ["cp310-cp310-macosx_14_0_arm64"],
            "none for macOS arm64 (13.0); none for Python 3.11; only for cp310 on macOS arm64 (14.0)",
        ),
    ],
)
def test_what_is_missing_and_what_is_there(target, names, words):
    assert wheels_words(tags(*names), target("macos-arm64-cp311")) == words


@pytest.mark.parametrize(
    ("name", "platform", "python"),
    [
        ("linux-aarch64-cp312-glibc2.36", "Linux aarch64 (glibc 2.36)", "Python 3.12"),
        ("windows-x86-cp313t", "Windows x86", "Python 3.13 free-threaded"),
        ("linux-x86_64-musl1.2-pp310", "Linux x86_64 (musl 1.2)", "PyPy 3.10"),
        ("macos14-x86_64", "macOS x86_64 (14.0)", "Python 3.11"),
    ],
)
def test_targets_in_words(target, name, platform, python):
    assert describe_platform(target(name).platform) == platform
    assert describe_python(target(name)) == python


def test_versions_in_words():
    versions = [Version(f"1.{minor}") for minor in range(12)]
    assert versions_words(versions[:2]) == "1.1, 1.0"
    assert versions_words(versions) == "1.11, 1.10, 1.9, 1.8, 1.7, 1.6 and 6 older"


@pytest.mark.parametrize(
    ("wanted", "versions", "words"),
    [
        ("2.1.0", ["1.0", "2.0.3", "2.1.1", "3.0"], "2.0.3 and 2.1.1"),
        ("2.0.3", ["2.0.2", "2.1.0rc1", "2.1.0"], "2.0.2 and 2.1.0"),
        ("2.0.3", ["2.1.0rc1", "2.1.0rc2"], "2.1.0rc1"),
        ("2.1.0rc2", ["2.0.3", "2.1.0rc1", "2.1.0"], "2.1.0rc1 and 2.1.0"),
        ("1.0", [], "none"),
    ],
)
def test_neighbours_are_stable_where_they_can_be(wanted, versions, words):
    assert neighbours_words(Version(wanted), list(map(Version, versions))) == words


def test_a_newer_c_library_is_a_way_out(target):
    words = wheels_words(tags("cp312-cp312-manylinux_2_35_aarch64"), target("linux-aarch64-cp312"))
    assert words.endswith("for this Python on Linux aarch64 (glibc 2.35) only, so from glibc 2.35 on")
    assert "so from" not in wheels_words(tags("cp312-cp312-manylinux_2_35_x86_64"), target("linux-aarch64-cp312"))
