"""Whether the kernel can map the installed native files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG014")
def check(facts: Facts) -> Iterator[Finding]:
    """A native file is laid out for smaller memory pages than the kernel's.

    The loader maps a file page by page, so each segment's place in the file and in memory must agree modulo the page
    size: "ELF load command address/offset not page-aligned". Files linked for 4 KiB pages fail on the 16 KiB of
    Raspberry Pi OS for the Pi 5 or of Asahi Linux. Take a newer build, or boot a kernel with 4 KiB pages.
    """
    size = known(facts.host.page_size, "the size of a memory page")
    for one in facts.natives.files:
        if one.library is not None and not one.library.loads_with_page_size(size):
            yield Finding(
                severity=Severity.ERROR if one.is_module else Severity.WARNING,
                subject=one.distribution.name,
                message=f"{one.distribution.title} has a file that can't be loaded with memory pages of {size} bytes.",
                evidence=(
                    Evidence(source=one.path, excerpt=f"segments fit pages of {one.library.segment_alignment} bytes"),
                    Evidence(source=facts.host.source("page_size"), excerpt=str(size)),
                ),
                fix=Fix(text=f"Install a newer {one.distribution.name}, or boot a kernel with 4 KiB pages."),
            )
