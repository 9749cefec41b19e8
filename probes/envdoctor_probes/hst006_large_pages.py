"""Whether the kernel's memory pages are larger than 4 KiB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_USUAL = 4096


@probe("HST006")
def check(facts: Facts) -> Iterator[Finding]:
    """The kernel uses large memory pages.

    Raspberry Pi OS for the Pi 5 and Asahi Linux use pages of 16 KiB, some servers 64 KiB. Wheels for aarch64 that
    follow the manylinux rules load there; programs for other architectures run through qemu-user, jemalloc built for
    4 KiB, and old binaries may not. On a Pi 5, `kernel=kernel8.img` in /boot/firmware/config.txt brings 4 KiB back.
    """
    host = facts.host
    if host.system != "linux":
        raise DoesNotApply("this is not Linux")
    size = known(host.page_size, "the size of a memory page")
    if size > _USUAL:
        yield Finding(
            severity=Severity.INFO,
            subject=host.model or host.machine,
            message=f"Memory pages are {size // 1024} KiB; the wheels' own files are checked by PKG014.",
            evidence=(Evidence(source=host.source("page_size"), excerpt=str(size)),),
            fix=Fix(text="Nothing needs to be done unless a program fails to load; a kernel with 4 KiB pages helps."),
        )
