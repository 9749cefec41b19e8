"""What macOS says of itself: one run of sysctl, which tells the truth to a translated process too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.facts.host import Host

if TYPE_CHECKING:
    from envdoctor.executors import Executor
    from envdoctor.facts.host import Disk

_NAMES = (
    "hw.machine",
    "hw.model",
    "hw.memsize",
    "hw.pagesize",
    "hw.optional.arm64",
    "kern.osproductversion",
    "kern.osrelease",
    "machdep.cpu.brand_string",
    "machdep.cpu.features",
    "machdep.cpu.leaf7_features",
    "sysctl.proc_translated",
)
#: -i passes over names that this version of macOS does not know
SYSCTL = ("/usr/sbin/sysctl", "-i", *_NAMES)
_FEATURES = {"avx1.0": "avx", "sse4.1": "sse4_1", "sse4.2": "sse4_2"}


def read_macos(executor: Executor, disks: tuple[Disk, ...] = ()) -> Host:
    """Ask sysctl, and the kernel for what sysctl did not tell."""
    from envdoctor.core.command import Command

    return parse_sysctl(executor.run(Command(argv=SYSCTL, timeout=10)).stdout, os.uname().machine, disks)


def parse_sysctl(text: str, machine: str, disks: tuple[Disk, ...] = ()) -> Host:
    """Make the fact of sysctl's `name: value` lines.

    Args:
        text: its output.
        machine: `uname -m`, which is x86_64 under Rosetta too.
        disks: as measured.
    """
    values = {name: value for name, sign, value in (line.partition(": ") for line in text.splitlines()) if sign}
    native = "arm64" if values.get("hw.optional.arm64") == "1" else values.get("hw.machine", machine)
    version = values.get("kern.osproductversion", "")
    listed = f"{values.get('machdep.cpu.features', '')} {values.get('machdep.cpu.leaf7_features', '')}".lower().split()
    return Host(
        system="macos",
        release=values.get("kern.osrelease", ""),
        name=f"macOS {version}".rstrip(),
        distribution="",
        version=version,
        machine=native,
        userland=native,
        libc="",
        libc_version=None,
        page_size=_number(values.get("hw.pagesize")),
        cpu=values.get("machdep.cpu.brand_string", ""),
        cpu_features=frozenset(_FEATURES.get(one, one) for one in listed) if listed else None,
        memory=_number(values.get("hw.memsize")),
        disks=disks,
        translated="Rosetta 2" if values.get("sysctl.proc_translated") == "1" else "",
        model=values.get("hw.model", ""),
        sources={
            "machine": "sysctl hw.optional.arm64",
            "userland": "sysctl hw.optional.arm64",
            "version": "sysctl kern.osproductversion",
            "page_size": "sysctl hw.pagesize",
            "cpu_features": "sysctl machdep.cpu.features",
            "memory": "sysctl hw.memsize",
            "translated": "sysctl sysctl.proc_translated",
        },
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
