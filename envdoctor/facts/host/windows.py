"""What Windows says of itself, by its API."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.facts.host import Host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.facts.host import Disk

# IMAGE_FILE_MACHINE_* (winnt.h), as IsWow64Process2 gives the machine's own
_MACHINES = {0x8664: "x86_64", 0xAA64: "arm64", 0x014C: "x86"}
_NAMES = {"amd64": "x86_64", "arm64": "arm64", "x86": "x86"}
# PF_* (winnt.h), as IsProcessorFeaturePresent takes them
_FEATURES = {10: "sse2", 37: "sse4_1", 38: "sse4_2", 39: "avx", 40: "avx2", 41: "avx512f"}
_FIRST_WINDOWS_11 = 22000


@dataclass(frozen=True, slots=True, kw_only=True)
class RawWindows:
    """The bare answers of the API.

    Attributes:
        version: major, minor and build.
        native_machine: what IsWow64Process2 gives for the machine; 0 if it could not be asked.
        environment: the PROCESSOR_* variables.
        features: number of each processor feature that was asked for -> whether it is there.
        memory: bytes, 0 if unknown.
        page_size: bytes, 0 if unknown.
    """

    version: tuple[int, int, int]
    native_machine: int = 0
    environment: Mapping[str, str]
    features: Mapping[int, bool]
    memory: int = 0
    page_size: int = 0


if sys.platform == "win32":

    def raw_windows() -> RawWindows:
        """Ask the API."""
        import ctypes
        import mmap
        import os

        import psutil

        kernel = ctypes.windll.kernel32
        process, native = ctypes.c_ushort(), ctypes.c_ushort()
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        asked = hasattr(kernel, "IsWow64Process2")  # Windows 10 1511 and later
        if asked:
            handle = ctypes.c_void_p(kernel.GetCurrentProcess())
            kernel.IsWow64Process2(handle, ctypes.byref(process), ctypes.byref(native))
        version = sys.getwindowsversion()
        return RawWindows(
            version=(version.major, version.minor, version.build),
            native_machine=native.value,
            environment={name: value for name, value in os.environ.items() if name.upper().startswith("PROCESSOR_")},
            features={number: bool(kernel.IsProcessorFeaturePresent(number)) for number in _FEATURES},
            memory=psutil.virtual_memory().total,
            page_size=mmap.PAGESIZE,
        )


def parse_windows(raw: RawWindows, disks: tuple[Disk, ...] = ()) -> Host:
    """Make the fact of what the API answered."""
    variables = {name.upper(): value for name, value in raw.environment.items()}
    told = variables.get("PROCESSOR_ARCHITEW6432") or variables.get("PROCESSOR_ARCHITECTURE", "")
    machine = _MACHINES.get(raw.native_machine) or _NAMES.get(told.lower(), told.lower())
    major, _, build = raw.version
    marketed = "11" if build >= _FIRST_WINDOWS_11 else str(major)
    source = "IsWow64Process2" if raw.native_machine else "%PROCESSOR_ARCHITECTURE%"
    return Host(
        system="windows",
        release=".".join(map(str, raw.version)),
        name=f"Windows {marketed} (build {build})",
        distribution="",
        version=".".join(map(str, raw.version)),
        machine=machine,
        userland=machine,
        libc="",
        libc_version=None,
        page_size=raw.page_size or None,
        cpu=variables.get("PROCESSOR_IDENTIFIER", ""),
        cpu_features=frozenset(name for number, name in _FEATURES.items() if raw.features.get(number)) or None,
        memory=raw.memory or None,
        disks=disks,
        sources={
            "machine": source,
            "userland": source,
            "version": "sys.getwindowsversion()",
            "cpu_features": "IsProcessorFeaturePresent",
            "memory": "GlobalMemoryStatusEx",
            "page_size": "GetSystemInfo",
        },
    )
