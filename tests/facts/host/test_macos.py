from pathlib import Path

from envdoctor.core.command import CommandResult
from envdoctor.facts.host.macos import SYSCTL, parse_sysctl

DATA = Path(__file__).parents[2] / "data/host"


def read(name, machine):
    return parse_sysctl((DATA / name).read_text(), machine)


def test_apple_silicon():
    host = read("macos-m2.txt", "arm64")
    assert (host.platform, host.userland, host.version, host.name) == ("macos-arm64", "arm64", "14.6.1", "macOS 14.6.1")
    assert (host.page_size, host.memory, host.cpu, host.model) == (16384, 16 << 30, "Apple M2", "Mac14,2")
    assert host.translated == ""
    assert host.cpu_features is None


def test_rosetta_hides_the_machine_and_sysctl_tells_it():
    host = read("macos-m2-rosetta.txt", "x86_64")
    assert (host.machine, host.translated) == ("arm64", "Rosetta 2")
    assert {"sse4_2", "ssse3"} <= host.cpu_features
    assert "avx" not in host.cpu_features


def test_intel():
    host = read("macos-intel.txt", "x86_64")
    assert (host.platform, host.translated, host.version) == ("macos-x86_64", "", "11.7.10")
    assert {"avx", "avx2", "sse4_1"} <= host.cpu_features


def test_nothing_answered():
    host = parse_sysctl(CommandResult(argv=SYSCTL, returncode=None, error="could not be started").stdout, "x86_64")
    assert (host.machine, host.version, host.memory, host.page_size, host.cpu_features) == (
        "x86_64",
        "",
        None,
        None,
        None,
    )
