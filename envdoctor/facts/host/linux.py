"""What Linux says of itself, in files and by a few system calls."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.facts.host import Host
from envdoctor.facts.host.linux_files import (
    Processor,
    parse_cgroups,
    parse_cpuinfo,
    parse_meminfo,
    parse_musl,
    parse_os_release,
    parse_wsl,
)
from envdoctor.support.files import head_text

if TYPE_CHECKING:
    from envdoctor.executors import Executor
    from envdoctor.facts.host import Disk

#: A control group without a limit has `max` in version 2 and a number near 2**63 in version 1.
_NO_LIMIT = 1 << 60
_X86 = frozenset({"x86_64", "i686", "i586", "i386"})
_ARM = frozenset({"aarch64", "armv8l", "armv7l", "armv6l"})
_CONTAINERS = {
    "docker": "docker",
    "libpod": "podman",
    "kubepods": "kubernetes",
    "lxc": "lxc",
    "containerd": "containerd",
}


@frozen
class Kernel:
    """What is asked by system calls and programs rather than read from files.

    Attributes:
        system: `linux`, or what Python calls another system of this kind.
        machine, release: as `uname` gives them.
        page_size: bytes, or None.
        libc, libc_version: of this Python; the version is None if it was not told.
        python: the path of this Python, below the root that is read.
    """

    system: str = "linux"
    machine: str
    release: str
    page_size: int | None
    libc: str
    libc_version: str | None
    python: str


def ask_kernel(executor: Executor) -> Kernel:
    """Ask this machine."""
    system = os.uname()
    libc, version = _libc(executor)
    return Kernel(
        system="linux" if sys.platform.startswith("linux") else sys.platform,
        machine=system.machine,
        release=system.release,
        page_size=os.sysconf("SC_PAGE_SIZE"),
        libc=libc,
        libc_version=version,
        python=os.path.realpath(sys.executable),
    )


def _libc(executor: Executor) -> tuple[str, str | None]:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        name = version = ""
    if name == "glibc":
        return "glibc", version
    loader = _loader(sys.executable)
    if "ld-musl-" not in loader:
        return "", None
    from envdoctor.core.command import Command

    return "musl", parse_musl(executor.run(Command(argv=(loader,), timeout=5)).stderr)


def read_linux(root: str, kernel: Kernel, disks: tuple[Disk, ...] = ()) -> Host:
    """Put together what the files under a root say.

    Args:
        root: `/`, or a folder that holds a copy of the files of another machine.
        kernel: what the kernel answered there.
        disks: as measured.
    """
    release = parse_os_release(_read(root, "etc/os-release") or _read(root, "usr/lib/os-release"))
    processor = parse_cpuinfo(_read(root, "proc/cpuinfo"))
    limit, limited_by = _memory_limit(root)
    container, container_mark = _container(root)
    machine = "aarch64" if kernel.machine == "armv8l" else kernel.machine
    userland, userland_program = _userland(root, kernel)
    return Host(
        system=kernel.system,
        release=kernel.release,
        name=release.get("PRETTY_NAME", "Linux"),
        distribution=release.get("ID", ""),
        version=release.get("VERSION_ID", ""),
        machine=machine,
        userland=userland,
        libc=kernel.libc,
        libc_version=kernel.libc_version,
        page_size=kernel.page_size,
        cpu=processor.name,
        cpu_features=processor.features,
        memory=parse_meminfo(_read(root, "proc/meminfo")),
        memory_limit=limit,
        disks=disks,
        container=container,
        wsl=parse_wsl(kernel.release),
        translated=_translator(machine, processor),
        model=_read(root, "proc/device-tree/model").strip("\0\n ") or processor.model,
        sources={
            "machine": "uname -m",
            "release": "uname -r",
            "wsl": "uname -r",
            "userland": userland_program,
            "libc_version": "getconf GNU_LIBC_VERSION" if kernel.libc == "glibc" else "the loader of musl",
            "page_size": "getconf PAGE_SIZE",
            "cpu_features": "/proc/cpuinfo",
            "translated": "/proc/cpuinfo",
            "memory": "/proc/meminfo",
            "memory_limit": limited_by,
            "container": container_mark,
            "name": "/etc/os-release",
        },
    )


def _memory_limit(root: str) -> tuple[int | None, str]:
    """The smallest limit of the control groups around this process, and the file that sets it."""
    limits: dict[int, str] = {}
    for file in parse_cgroups(_read(root, "proc/self/cgroup")):
        words = _read(root, file).strip()
        if words.isdecimal() and int(words) < _NO_LIMIT:
            limits.setdefault(int(words), f"/{file}")
    return min(limits.items(), default=(None, ""))


def _container(root: str) -> tuple[str, str]:
    """What kind of container this is, and the file that shows it."""
    for file, name in (("run/.containerenv", "podman"), (".dockerenv", "docker")):
        if os.path.exists(os.path.join(root, file)):
            return name, f"/{file}"
    told = _read(root, "run/systemd/container").strip()
    if told and told != "wsl":
        return told, "/run/systemd/container"
    groups = _read(root, "proc/1/cgroup")
    return next(((name, "/proc/1/cgroup") for word, name in _CONTAINERS.items() if word in groups), ("", ""))


def _translator(machine: str, processor: Processor) -> str:
    """What runs this architecture on a processor of another one, as far as /proc/cpuinfo gives it away."""
    if processor.vendor == "VirtualApple":
        return "Rosetta 2"
    foreign = (machine in _X86 and processor.family == "arm") or (machine in _ARM and processor.family == "x86")
    return "an emulator such as QEMU" if foreign else ""


def _userland(root: str, kernel: Kernel) -> tuple[str | None, str]:
    """The architecture of the system's shell, else of this Python, and which of the two was read."""
    for program in ("/bin/sh", kernel.python):
        architecture = _architecture(os.path.join(root, program.lstrip("/")))
        if architecture:
            return architecture, program
    return None, ""


def _architecture(path: str) -> str:
    """The architecture of a program by its header; empty if that can't be read."""
    from envdoctor.binaries.elf_header import read_header
    from envdoctor.binaries.files import FileBytes
    from envdoctor.binaries.window import Window
    from envdoctor.core.errors import Unreadable

    try:
        with FileBytes(path) as source:
            return read_header(Window(source)).architecture
    except Unreadable:
        return ""


def _loader(path: str) -> str:
    """The path of the loader that a program asks for; empty if it is linked statically or can't be read."""
    from envdoctor.binaries.files import FileBytes
    from envdoctor.binaries.native import read_native
    from envdoctor.core.errors import Unreadable

    try:
        with FileBytes(path) as source:
            return read_native(source).interpreter or ""
    except Unreadable:
        return ""


def _read(root: str, file: str) -> str:
    return head_text(os.path.join(root, file), 4 << 20)
