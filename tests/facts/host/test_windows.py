import dataclasses

import pytest

from envdoctor.facts.host.windows import RawWindows, parse_windows

DESKTOP = RawWindows(
    version=(10, 0, 22631),
    native_machine=0x8664,
    environment={
        "PROCESSOR_ARCHITECTURE": "AMD64",
        "PROCESSOR_IDENTIFIER": "Intel64 Family 6 Model 142 Stepping 12, GenuineIntel",
        "PROCESSOR_LEVEL": "6",
    },
    features={10: True, 37: True, 38: True, 39: True, 40: True, 41: False},
    memory=17_000_000_000,
    page_size=4096,
)


def test_desktop():
    host = parse_windows(DESKTOP)
    assert (host.platform, host.version, host.name) == ("windows-x86_64", "10.0.22631", "Windows 11 (build 22631)")
    assert host.cpu_features == {"sse2", "sse4_1", "sse4_2", "avx", "avx2"}
    assert (host.memory, host.page_size, host.libc) == (17_000_000_000, 4096, "")


def test_a_program_for_x64_on_an_arm_machine_learns_the_truth():
    host = parse_windows(dataclasses.replace(DESKTOP, native_machine=0xAA64))
    assert (host.machine, host.source("machine")) == ("arm64", "IsWow64Process2")


@pytest.mark.parametrize(
    ("environment", "machine"),
    [
        ({"PROCESSOR_ARCHITECTURE": "x86", "PROCESSOR_ARCHITEW6432": "AMD64"}, "x86_64"),
        ({"Processor_Architecture": "x86"}, "x86"),
        ({}, ""),
    ],
)
def test_before_the_api_the_variables_tell(environment, machine):
    raw = dataclasses.replace(DESKTOP, version=(6, 1, 7601), native_machine=0, environment=environment)
    host = parse_windows(raw)
    assert (host.machine, host.name) == (machine, "Windows 6 (build 7601)")


def test_what_is_not_told_is_unknown():
    host = parse_windows(RawWindows(version=(10, 0, 1), environment={}, features={}))
    assert (host.memory, host.page_size, host.cpu_features) == (None, None, None)
