import io
import platform
from pathlib import Path

import pytest

from envdoctor.binaries.elf_header import read_header
from envdoctor.binaries.window import Window
from envdoctor.core.command import CommandResult
from envdoctor.emulation.binfmt import x86_64_head
from envdoctor.emulation.proof import EMULATED, judge_run, run_proof, tiny_program
from envdoctor.executors.local import LocalExecutor
from envdoctor.support.bytes import MemoryBytes


@pytest.mark.parametrize("osabi", [0, 3])
def test_the_program_is_an_x86_64_program_with_that_osabi(osabi):
    program = tiny_program(osabi=osabi)
    assert read_header(Window(MemoryBytes(program))).architecture == "x86_64"
    assert program[:24] == x86_64_head(osabi=osabi, shared=False)
    elffile = pytest.importorskip("elftools.elf.elffile")
    read = elffile.ELFFile(io.BytesIO(program))
    assert (read["e_machine"], read.num_segments()) == ("EM_X86_64", 1)
    assert read.get_segment(0)["p_filesz"] == len(program)


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="needs an x86_64 Linux kernel"
)
@pytest.mark.parametrize("osabi", [0, 3])
def test_here_the_kernel_runs_it_natively(osabi):
    proof = run_proof(LocalExecutor(), osabi=osabi)
    assert proof.ran is True
    assert proof.processor != EMULATED or "QEMU" in Path("/proc/cpuinfo").read_text("utf-8")


def test_what_a_run_proves():
    emulated = judge_run(CommandResult(argv=("x",), returncode=0, stdout="TCGTCGTCGTCG"))
    assert (emulated.ran, emulated.emulated) == (True, True)
    real = judge_run(CommandResult(argv=("x",), returncode=0, stdout="KVMKVMKVM\0\0\0"))
    assert (real.ran, real.emulated, real.processor) == (True, False, "KVMKVMKVM")
    refused = judge_run(CommandResult(argv=("x",), returncode=None, error="could not be started: x: Exec format error"))
    assert (refused.ran, refused.words) == (False, "could not be started: x: Exec format error")
    crashed = judge_run(
        CommandResult(argv=("x",), returncode=255, stderr="Could not open '/lib64/ld-linux-x86-64.so.2'")
    )
    assert crashed.words == "exited with status 255: Could not open '/lib64/ld-linux-x86-64.so.2'"
    silent = judge_run(CommandResult(argv=("x",), returncode=0, stdout=""))
    assert silent.ran is False
