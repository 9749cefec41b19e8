"""The Edge TPU compiler as a fact, and whether it starts."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.compilers.edgetpu.locate import EdgeTpuCompiler
    from envdoctor.core.command import CommandResult
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

_SECONDS = 20.0
_X86_64 = frozenset({"x86_64", "amd64", "AMD64"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a compiler said when asked for its version.

    Attributes:
        place: `local` for as it is (natively or by a binfmt handler), `qemu` for explicitly under QEMU.
        argv: the command.
        version: what it says it is; empty if it did not answer.
        words: what was said instead.
    """

    place: str
    argv: tuple[str, ...]
    version: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTpu:
    """The Edge TPU compiler of this machine.

    Attributes:
        compiler: the Edge TPU compiler; None if there is none, or what was named is none.
        problem: why what was named or found can't be used; empty otherwise.
        answers: what it said, in each way that was tried.
    """

    compiler: EdgeTpuCompiler | None = None
    problem: str = ""
    answers: tuple[Answer, ...] = ()

    def answer(self, place: str) -> Answer | None:
        """What it said in this place; None if it was not asked there."""
        return next((one for one in self.answers if one.place == place), None)

    @property
    def version(self) -> str:
        """The Edge TPU compiler's version: as it says itself, else as its package does; empty if neither is known."""
        said = next((one.version for one in self.answers if one.version), "")
        return said or (self.compiler.version or "" if self.compiler else "")


def collect(request: Request, executor: Executor) -> EdgeTpu:
    """Look for the compiler and ask it for its version, as it is and under QEMU."""
    from envdoctor.compilers.edgetpu.locate import find_compiler
    from envdoctor.core.errors import ToolchainProblem

    try:
        compiler = find_compiler(request.options.compiler)
    except ToolchainProblem as error:
        return EdgeTpu(problem=str(error))
    if compiler is None:
        return EdgeTpu()
    try:
        return EdgeTpu(compiler=compiler, answers=tuple(_ask(compiler, executor)))
    except ToolchainProblem as error:
        return EdgeTpu(compiler=compiler, problem=str(error))


def _ask(compiler: EdgeTpuCompiler, executor: Executor) -> list[Answer]:
    from envdoctor.core.command import Command
    from envdoctor.emulation.qemu import find_emulators
    from envdoctor.toolchains.acquire import stored_emulators

    command = Command(argv=compiler.command(["--version"]), timeout=_SECONDS)
    answers = [read_answer("local", executor.run(command))]
    if platform.machine() in _X86_64 or compiler.binary is None:
        return answers
    for emulator in find_emulators(executor, stored_emulators()):
        if emulator.is_qemu and not emulator.problem:
            command = Command(argv=compiler.command(["--version"], emulator=emulator.path), timeout=_SECONDS)
            return [*answers, read_answer("qemu", executor.run(command))]
    return answers


def read_answer(place: str, result: CommandResult) -> Answer:
    """What a run of `edgetpu_compiler --version` says."""
    from envdoctor.compilers.edgetpu.log import parse_log

    version = parse_log(result.stdout).version
    if result.ok and version:
        return Answer(place=place, argv=result.argv, version=version)
    words = result.describe_failure()
    said = result.last_line
    return Answer(place=place, argv=result.argv, words=f"{words}: {said}" if said and said not in words else words)
