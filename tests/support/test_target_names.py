"""Names of targets, typed and printed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, Libc, System, Target
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.target_names import default_platform, parse_columns, parse_target, target_name

BASE = Target(platform=default_platform(System.LINUX, "x86_64"), interpreter=Interpreter(version=(3, 11)))


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("macos-arm64-cp311", "macos-arm64-cp311"),
        ("linux-aarch64-cp311-glibc2.36", "linux-aarch64-cp311-glibc2.36"),
        ("linux-x86_64-musl1.2-cp312", "linux-x86_64-cp312-musl1.2"),
        ("musl", "linux-x86_64-cp311-musl1.2"),
        ("windows-amd64-cp313t", "windows-amd64-cp313t"),
        ("Win-x64-3.10", "windows-amd64-cp310"),
        ("win32", "windows-x86-cp311"),
        ("mac-m1-3.12", "macos-arm64-cp312"),
        ("macos-14-arm64", "macos14.0-arm64-cp311"),
        ("macos13.0-arm64", "macos-arm64-cp311"),
        ("darwin-x86_64", "macos-x86_64-cp311"),
        ("pp310", "linux-x86_64-pp310"),
        ("pypy3.10", "linux-x86_64-pp310"),
        ("here", "linux-x86_64-cp311"),
        ("raspberry-pi-5", "linux-aarch64-cp311-glibc2.36"),
        ("raspberry-pi-5-cp312", "linux-aarch64-cp312-glibc2.36"),
        ("raspberry-pi-3", "linux-armv7l-cp311-glibc2.36"),
        ("colab", "linux-x86_64-cp312-glibc2.35"),
        ("arm64", "linux-aarch64-cp311"),
        ("linux-i386", "linux-i686-cp311"),
        ("manylinux_2_36_aarch64", "linux-aarch64-cp311-glibc2.36"),
        ("manylinux2014_x86_64", "linux-x86_64-cp311-glibc2.17"),
        ("musllinux_1_1_x86_64", "linux-x86_64-cp311-musl1.1"),
        ("macosx_12_0_arm64", "macos12.0-arm64-cp311"),
        ("win_arm64", "windows-arm64-cp311"),
        ("Raspberry Pi 5", "linux-aarch64-cp311-glibc2.36"),
        ("alpine-aarch64-musl", "linux-aarch64-cp312-musl1.2"),
    ],
)
def test_a_typed_name_and_the_printed_one(typed, printed):
    assert target_name(parse_target(typed, BASE)) == printed
    assert target_name(parse_target(printed, BASE)) == printed


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("macos-sparc", "'sparc'"),
        ("windows-armv7l", "no architecture 'armv7l'; known are amd64, arm64, x86"),
        ("macos-arm64-musl1.2", "musl is a C library of Linux"),
        ("raspberry-pi-99", "'99'"),
        ("plan9-x86_64", "'plan9'"),
    ],
)
def test_what_is_not_understood_is_named(typed, reason):
    with pytest.raises(UsageProblem, match=reason):
        parse_target(typed, BASE)


def test_every_alias_means_something():
    for name in load_table("targets")["aliases"]:
        assert parse_target(name, BASE).tags


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("linus-x86_64", "linux-x86_64"),
        ("macos-arm63", "macos-arm64"),
        ("coolab", "colab"),
        ("coral", "coral-dev-board"),
        ("ubuntu-24.04", "ubuntu-24"),
        ("raspberrypi5", r"raspberry-pi-5\\?"),
    ],
)
def test_the_nearest_names_are_suggested(typed, meant):
    with pytest.raises(UsageProblem, match=f"did you mean {meant}"):
        parse_target(typed, BASE)


@pytest.mark.parametrize(
    ("typed", "both"),
    [
        ("macos-arm64 linux-x86_64", "macos and linux"),
        ("linux-cp311-cp312", "cp311 and cp312"),
        ("macos-arm64-x86_64", "arm64 and x86_64"),
    ],
)
def test_two_platforms_are_not_one_name(typed, both):
    with pytest.raises(UsageProblem, match=f"says both {both}; for several platforms, join their names by commas"):
        parse_target(typed, BASE)


@pytest.mark.parametrize("name", ["linux-x86_64-cp399", "colab-2.7", "macos-arm64-cp311t"])
def test_a_python_that_is_not_known_makes_no_name(name):
    with pytest.raises(UsageProblem, match="is no Python that is known"):
        parse_target(name, BASE)


def test_columns_are_joined_by_commas():
    pythons = (Interpreter(version=(3, 11)), Interpreter(version=(3, 12)))
    found = parse_columns("Raspberry Pi 5, macos arm64", pythons, BASE)
    assert list(map(target_name, found)) == ["linux-aarch64-cp311-glibc2.36", "macos-arm64-cp311", "macos-arm64-cp312"]


PLATFORMS = [
    (System(system), arch) for system, table in load_table("targets")["architectures"].items() for arch in table
]


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.sampled_from(PLATFORMS),
    st.sampled_from([None, Libc.MUSL]),
    st.sampled_from(parse_pythons("3.10-3.14, 3.13t, 3.14t, pp310, pp311")),
)
def test_every_printed_name_is_read_back(platform, libc, interpreter):
    system, arch = platform
    one = Target(
        platform=default_platform(system, arch, libc if system is System.LINUX else None), interpreter=interpreter
    )
    assert parse_target(target_name(one), BASE) == one
    assert one.tags


@pytest.mark.slow
@settings(deadline=None)
@given(st.text(alphabet="abcdeimnoprstuwxyz0123456789-_.", max_size=40))
def test_any_name_is_a_target_or_refused(text):
    with contextlib.suppress(UsageProblem):
        assert parse_target(text, BASE).tags
