"""Names of targets, typed and printed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, Libc, System, Target
from envdoctor.core.target_names import default_platform, parse_pythons, parse_target, target_name

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
    ("text", "names"),
    [
        ("3.11", ["cp311"]),
        ("3.10-3.14", ["cp310", "cp311", "cp312", "cp313", "cp314"]),
        ("cp313t, pp310 3.9", ["cp313t", "pp310", "cp39"]),
        ("3.11,3.11", ["cp311"]),
    ],
)
def test_pythons(text, names):
    assert [python.name for python in parse_pythons(text)] == names


@pytest.mark.parametrize("text", ["", "latest", "3.11-", "4.x"])
def test_no_pythons(text):
    with pytest.raises(UsageProblem, match="no Python"):
        parse_pythons(text)


def test_a_patch_release_counts_for_markers_and_not_for_the_name():
    (python,) = parse_pythons("3.11.7")
    assert (python.name, python.full_version) == ("cp311", "3.11.7")


PLATFORMS = [
    (System(system), arch) for system, table in load_table("targets")["architectures"].items() for arch in table
]


@settings(deadline=None)
@given(
    st.sampled_from(PLATFORMS),
    st.sampled_from([None, Libc.MUSL]),
    st.builds(
        Interpreter,
        implementation=st.sampled_from(["cp", "pp"]),
        version=st.tuples(st.just(3), st.integers(7, 15)),
        free_threaded=st.booleans(),
    ),
)
def test_every_printed_name_is_read_back(platform, libc, interpreter):
    system, arch = platform
    one = Target(
        platform=default_platform(system, arch, libc if system is System.LINUX else None), interpreter=interpreter
    )
    assert parse_target(target_name(one), BASE) == one
    assert one.tags


@settings(deadline=None)
@given(st.text(alphabet="abcdeimnoprstuwxyz0123456789-_.", max_size=40))
def test_any_name_is_a_target_or_refused(text):
    with contextlib.suppress(UsageProblem):
        assert parse_target(text, BASE).tags
