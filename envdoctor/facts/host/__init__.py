"""The machine: its system, architecture, C library, processor, memory and disks."""

from __future__ import annotations

import sys
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.frozen import frozen
from envdoctor.support.text import read_number

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

T = TypeVar("T")

#: Bytes that are room for any environment, several times over: what is there need not be looked up.
PLENTY = 16 << 30


@frozen
class Disk:
    """Room on a disk.

    Attributes:
        folder: where it was asked: the nearest folder that exists.
        purpose: what envdoctor and installers keep there, for a person.
        variable: the environment variable that moves it elsewhere.
        free, total: bytes; `free` is what this user may still write.
        made: where there is not plenty, the names of envdoctor's environments that are there already, by their marker
            files alone.
        idle: where there is not plenty, how many environments of envdoctor are there that no build uses.
    """

    folder: str
    purpose: str
    variable: str
    free: int
    total: int
    made: frozenset[str] = frozenset()
    idle: int = 0

    @property
    def is_plenty(self) -> bool:
        """Whether there is room for whatever envdoctor or an installer writes."""
        return self.free >= PLENTY


@frozen
class Host:
    """One machine. A value that is None could not be found out; read it through `known`.

    Attributes:
        system: `linux`, `macos` or `windows`; of any other system, the name Python has for it.
        release: of the kernel.
        name: the system with its version, as it calls itself (`Debian GNU/Linux 12 (bookworm)`).
        distribution: of Linux, its short name (`debian`); empty elsewhere.
        version: of macOS (`14.5`) or Windows (`10.0.22631`); of Linux, its distribution's.
        machine: architecture of the kernel: x86_64, aarch64, armv7l, ... on Linux; arm64, x86_64 on macOS and Windows.
        userland: architecture of the system's own programs, which is another on a 64-bit kernel with a 32-bit system.
        libc: `glibc` or `musl` on Linux, empty elsewhere.
        libc_version: `2.36`.
        page_size: bytes.
        cpu: the processor's name; may be empty.
        cpu_features: as the system names them, in lower case: avx, avx2, asimd.
        memory: bytes of physical memory.
        memory_limit: bytes that a container or control group leaves; None without such a limit.
        disks: where caches and environments would be written.
        container: what kind of container this is (`docker`), or empty.
        wsl: 1 or 2 in the Windows Subsystem for Linux, else 0.
        translated: what translates this process's machine code (`Rosetta 2`), or empty.
        model: the board or computer, where it has a name (`Raspberry Pi 5 Model B Rev 1.0`).
        sources: for a field's name, the command or file that its value came from.
    """

    system: str = "linux"
    release: str = "6.1.0"
    name: str = "Debian GNU/Linux 12 (bookworm)"
    distribution: str = "debian"
    version: str = "12"
    machine: str = "x86_64"
    userland: str | None = None
    libc: str = "glibc"
    libc_version: str | None = "2.36"
    page_size: int | None = 4096
    cpu: str = ""
    cpu_features: frozenset[str] | None = None
    memory: int | None = None
    memory_limit: int | None = None
    disks: tuple[Disk, ...] = ()
    container: str = ""
    wsl: int = 0
    translated: str = ""
    model: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """System and architecture, as the keys of tables have them: `linux-x86_64`, `macos-arm64`."""
        return f"{self.system}-{self.machine}"

    def source(self, name: str) -> str:
        """The command or file that a field's value came from."""
        return self.sources.get(name, f"host.{name}")


def known(value: T | None, what: str) -> T:
    """The value of a field of `Host`, for a probe that can't judge without it.

    Raises:
        FactUnavailable: it could not be found out.
    """
    if value is None:
        raise FactUnavailable("host", f"{what} could not be found out")
    return value


def version_of(text: str) -> tuple[int, ...]:
    """A version's leading numbers, to be compared: (2, 36) of `2.36`, (10, 0, 22631) of `10.0.22631`."""
    numbers = []
    for part in text.split("."):
        if not part.isdecimal():
            break
        numbers.append(read_number(part))
    return tuple(numbers)


def collect(request: Request, executor: Executor) -> Host:
    """Describe this machine from its files and system calls; of macOS one program is asked, of musl its loader."""
    from envdoctor.facts.host.disks import measure_disks

    disks = measure_disks(request)
    if sys.platform == "win32":
        from envdoctor.facts.host.windows import parse_windows, raw_windows

        return parse_windows(raw_windows(), disks)
    if sys.platform == "darwin":
        from envdoctor.facts.host.macos import read_macos

        return read_macos(executor, disks)
    from envdoctor.facts.host.linux import ask_kernel, read_linux

    return read_linux("/", ask_kernel(executor), disks)
