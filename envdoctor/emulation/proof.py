"""Proof by running: a tiny x86_64 Linux program of our own that says which processor it runs on.

The program asks CPUID leaf 0x40000000 for the hypervisor's name and prints its 12 bytes. QEMU's emulation answers
`TCGTCGTCGTCG`; nothing else tells an emulated x86_64 from a real one (uname and /proc/cpuinfo are no help).
"""

from __future__ import annotations

import os
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.executors import Executor

#: What QEMU's emulation calls itself.
EMULATED = "TCGTCGTCGTCG"

_TIME_LIMIT = 20.0
_BASE = 0x400000
_HEADERS = 64 + 56
_NAME_SIZE = 12
_CODE = bytes.fromhex(
    "b800000040"  # mov eax, 0x40000000
    "31c9"  # xor ecx, ecx
    "0fa2"  # cpuid
    "4883ec20"  # sub rsp, 32
    "891c24"  # mov [rsp], ebx
    "894c2404"  # mov [rsp+4], ecx
    "89542408"  # mov [rsp+8], edx
    "b801000000"  # mov eax, 1 (write)
    "bf01000000"  # mov edi, 1 (standard output)
    "4889e6"  # mov rsi, rsp
    "ba0c000000"  # mov edx, 12
    "0f05"  # syscall
    "b83c000000"  # mov eax, 60 (exit)
    "31ff"  # xor edi, edi
    "0f05"  # syscall
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of running the program.

    Attributes:
        argv: the command.
        ran: True if it ran and printed; None if it could not be tried at all.
        processor: the 12 letters that the processor calls itself by; EMULATED under QEMU.
        words: what was said instead, if it did not run.
    """

    argv: tuple[str, ...]
    ran: bool | None
    processor: str = ""
    words: str = ""

    @property
    def emulated(self) -> bool:
        """True if QEMU's emulation ran it."""
        return self.processor == EMULATED


def tiny_program(*, osabi: int = 0) -> bytes:
    """An x86_64 Linux program, whole: ELF header, one segment, 56 bytes of code.

    Args:
        osabi: byte 7 of the identification: 0 as most programs, 3 as a loader of glibc. The kernel's pattern for
            x86_64 programs should fit both.
    """
    ident = b"\x7fELF\x02\x01\x01" + bytes([osabi]) + bytes(8)
    header = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = _HEADERS + len(_CODE)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return ident + header + segment + _CODE


def run_proof(executor: Executor, *, emulator: Path | None = None, osabi: int = 0) -> Proof:
    """Run the program here.

    Args:
        executor: runs it.
        emulator: started with the program as its argument; None: the kernel decides what runs it.
        osabi: see `tiny_program`.
    """
    with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
        program = Path(folder) / "x86_64-program"
        program.write_bytes(tiny_program(osabi=osabi))
        program.chmod(0o755)
        argv = (str(program),) if emulator is None else (str(emulator), str(program))
        if emulator is None and _forbids_programs(folder):
            return Proof(argv=argv, ran=None, words=f"{folder} is mounted noexec: set TMPDIR to a folder elsewhere")
        return judge_run(executor.run(Command(argv=argv, timeout=_TIME_LIMIT)))


def _forbids_programs(folder: str) -> bool:
    if not hasattr(os, "statvfs"):
        return False
    return bool(os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0))


def judge_run(result: CommandResult) -> Proof:
    """What a run of the tiny program proves."""
    if result.ok and len(result.stdout) >= _NAME_SIZE:
        return Proof(argv=result.argv, ran=True, processor=result.stdout[:_NAME_SIZE].rstrip("\0"))
    words = result.describe_failure()
    if result.last_line and result.last_line not in words:
        words = f"{words}: {result.last_line}"
    return Proof(argv=result.argv, ran=False, words=words)
