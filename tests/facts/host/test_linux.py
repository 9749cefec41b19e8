"""Whole machines: a folder of recorded files, and what the kernel answered there."""

import os
import shutil
from pathlib import Path

import pytest

from envdoctor.executors.local import LocalExecutor
from envdoctor.facts.host.linux import Kernel, ask_kernel, read_linux
from native_files import elf_bytes

DATA = Path(__file__).parents[2] / "data/host"
MACHINES = {"x86_64": 62, "aarch64": 183, "armv7l": 40}


@pytest.fixture
def machine(tmp_path):
    """A copy of a recorded root with a shell and a Python of the given architectures."""

    def make(name, *, shell="x86_64", **kernel):
        root = tmp_path / name
        shutil.copytree(DATA / name, root)
        if shell:
            (root / "bin").mkdir()
            (root / "bin/sh").write_bytes(elf_bytes(machine=MACHINES[shell], wide=shell != "armv7l"))
        told = {"machine": "x86_64", "release": "6.1.0", "page_size": 4096, "libc": "glibc", "libc_version": "2.36"}
        return read_linux(str(root), Kernel(**{**told, "python": "/usr/bin/python3", **kernel}))

    return make


def test_raspberry_pi_5(machine):
    host = machine("raspberry-pi-5", shell="aarch64", machine="aarch64", release="6.6.51-rpi-2712", page_size=16384)
    assert (host.platform, host.userland, host.page_size) == ("linux-aarch64", "aarch64", 16384)
    assert host.name == "Debian GNU/Linux 12 (bookworm)"
    assert host.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert "asimddp" in host.cpu_features
    assert host.memory == 8255552 * 1024
    assert (host.memory_limit, host.container, host.wsl, host.translated) == (None, "", 0, "")
    assert host.source("cpu_features") == "/proc/cpuinfo"


def test_a_32_bit_system_on_a_64_bit_kernel(machine):
    host = machine("raspberry-pi-4-32bit", shell="armv7l", machine="aarch64", release="6.1.21-v8+")
    assert (host.machine, host.userland) == ("aarch64", "armv7l")
    assert host.source("userland") == "/bin/sh"
    assert host.model == "Raspberry Pi 4 Model B Rev 1.5"  # from the end of cpuinfo, where there is no device tree
    assert host.translated == ""


def test_armv8l_is_what_such_a_kernel_tells_32_bit_programs(machine):
    assert machine("raspberry-pi-4-32bit", shell="armv7l", machine="armv8l").machine == "aarch64"


def test_alpine_container_with_a_limit(machine):
    host = machine("alpine-container", libc="musl", libc_version="1.2.5")
    assert (host.libc, host.libc_version, host.distribution, host.version) == ("musl", "1.2.5", "alpine", "3.20.3")
    assert (host.container, host.source("container")) == ("docker", "/.dockerenv")
    assert (host.memory_limit, host.source("memory_limit")) == (512 << 20, "/sys/fs/cgroup/memory.max")
    assert "avx2" in host.cpu_features


def test_the_smallest_limit_of_the_groups_around_counts(machine):
    host = machine("cgroup-v1")
    assert host.memory_limit == 2 << 30
    assert host.source("memory_limit") == "/sys/fs/cgroup/memory/docker/0123abcd/memory.limit_in_bytes"
    assert (host.container, host.source("container")) == ("docker", "/proc/1/cgroup")


def test_wsl_is_no_container(machine):
    host = machine("wsl2", release="5.15.167.4-microsoft-standard-WSL2")
    assert (host.wsl, host.container, host.name) == (2, "", "Ubuntu 22.04.5 LTS")


@pytest.mark.parametrize(
    ("name", "translator", "container"),
    [("rosetta-container", "Rosetta 2", "docker"), ("qemu-user", "an emulator such as QEMU", "podman")],
)
def test_translated_containers(machine, name, translator, container):
    host = machine(name)
    assert (host.translated, host.container) == (translator, container)


def test_what_is_not_told_is_unknown_and_not_a_default(machine, tmp_path):
    (tmp_path / "empty").mkdir()
    kernel = Kernel(machine="x86_64", release="1", page_size=None, libc="", libc_version=None, python="/none")
    host = read_linux(str(tmp_path / "empty"), kernel)
    assert (host.userland, host.libc_version, host.page_size, host.cpu_features, host.memory) == (None,) * 5


def test_without_a_shell_python_shows_the_userland(machine, tmp_path):
    root = tmp_path / "distroless"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/python3").write_bytes(elf_bytes(machine=183))
    kernel = Kernel(
        machine="aarch64", release="6", page_size=4096, libc="", libc_version=None, python="/usr/bin/python3"
    )
    host = read_linux(str(root), kernel)
    assert (host.userland, host.source("userland")) == ("aarch64", "/usr/bin/python3")


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="asks this Linux machine")
def test_this_machine():
    host = read_linux("/", ask_kernel(LocalExecutor()))
    assert host.machine == os.uname().machine
    assert host.userland
    assert host.memory == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert host.libc in {"glibc", "musl"}
    assert host.libc_version
