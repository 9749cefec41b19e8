"""Whether QEMU is known to work with this kernel's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.emulation import needed_emulation
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_USUAL_PAGE = 4096
_SEEN_TO_WORK = (7, 2)


@probe("EMU019", topic="emulation")
def check(facts: Facts) -> Iterator[Finding]:
    """QEMU is old for a kernel with large pages.

    On kernels with pages of 16 KiB (the Pi 5's default) QEMU has to place x86_64 programs, which are laid out for 4
    KiB, with care. 7.2 and 10.0 were seen to run the compiler there; what older versions do is not known.
    """
    emulation = needed_emulation(facts)
    qemu = emulation.qemu
    size = facts.host.page_size
    if qemu is None or qemu.version is None or size is None:
        return
    if size > _USUAL_PAGE and qemu.version < _SEEN_TO_WORK:
        version = ".".join(map(str, qemu.version))
        yield Finding(
            severity=Severity.INFO if emulation.runs_explicitly else Severity.WARNING,
            subject=str(qemu.path),
            message=f"QEMU {version} is older than what was seen to work with pages of {size // 1024} KiB.",
            evidence=(Evidence(source=f"{qemu.path} --version", excerpt=qemu.text),),
            fix=Fix(text="Get a newer QEMU, 7.2 or later.", commands=emulation.advice(facts.host).unpack),
        )
