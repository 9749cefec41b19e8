import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.facts.host import linux_files
from envdoctor.facts.host.linux_files import (
    parse_cgroups,
    parse_cpuinfo,
    parse_meminfo,
    parse_musl,
    parse_os_release,
    parse_wsl,
)


def test_os_release_quotes_and_comments():
    text = '# made by hand\nNAME=\'Void Linux\'\nID="void"\nPRETTY_NAME="A \\"quoted\\" name"\n\nBROKEN\n'
    assert parse_os_release(text) == {"NAME": "Void Linux", "ID": "void", "PRETTY_NAME": 'A "quoted" name'}


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("4.4.0-19041-Microsoft", 1),
        ("4.4.0-22621-Microsoft", 1),
        ("4.19.128-microsoft-standard", 2),
        ("5.15.167.4-microsoft-standard-WSL2", 2),
        ("6.6.51-rpi-2712", 0),
        ("", 0),
    ],
)
def test_wsl(release, version):
    assert parse_wsl(release) == version


def test_musl_says_its_version_and_glibc_something_else():
    assert parse_musl("musl libc (x86_64)\nVersion 1.2.4_git20230717\nDynamic Program Loader\n") == "1.2.4"
    assert parse_musl("ld.so (Debian GLIBC 2.36-9) stable release version 2.36.") is None


def test_processors():
    assert parse_cpuinfo("processor : 0\nisa : rv64imafdc\nmmu : sv39\n").features is None
    assert parse_cpuinfo("vendor_id : GenuineIntel\nflags : FPU avx\n\nflags : fpu\n").features == {"fpu", "avx"}
    assert parse_cpuinfo("CPU implementer : 0x41\nFeatures : fp asimd\n").family == "arm"
    assert parse_cpuinfo("").family == ""


def test_memory():
    assert parse_meminfo("MemFree: 3 kB\nMemTotal:       16 kB\n") == 16384
    assert parse_meminfo("MemFree: 3 kB\n") is None


def test_control_groups_from_the_inside_out():
    assert parse_cgroups("0::/a/b\n") == [
        "sys/fs/cgroup/a/b/memory.max",
        "sys/fs/cgroup/unified/a/b/memory.max",
        "sys/fs/cgroup/a/memory.max",
        "sys/fs/cgroup/unified/a/memory.max",
        "sys/fs/cgroup/memory.max",
        "sys/fs/cgroup/unified/memory.max",
    ]
    assert parse_cgroups("4:cpu:/x\n") == []
    assert parse_cgroups("0::/../../..\n")[0] == "sys/fs/cgroup/memory.max"  # a namespace's root may be outside


@pytest.mark.parametrize("name", [name for name in dir(linux_files) if name.startswith("parse_")])
@given(text=st.text(max_size=300))
def test_no_text_is_too_strange(name, text):
    getattr(linux_files, name)(text)
