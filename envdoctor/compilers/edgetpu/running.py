"""Starts the compiler in the place that a route names, and brings back what it wrote."""

from __future__ import annotations

import dataclasses
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.action import StageFailed
from envdoctor.compilers.edgetpu import places
from envdoctor.compilers.edgetpu.locate import NAME, EdgeTpuCompiler, find_compiler
from envdoctor.core.command import Command
from envdoctor.core.errors import ToolchainProblem
from envdoctor.core.finding import Evidence
from envdoctor.emulation.qemu import find_emulators
from envdoctor.executors.container import ContainerExecutor
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.prefix import PrefixExecutor
from envdoctor.executors.ssh import SshExecutor
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_logged
from envdoctor.toolchains.acquire import stored_emulators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from envdoctor.action import StageContext
    from envdoctor.core.command import CommandResult
    from envdoctor.executors import Executor

#: The image that the compiler's bundle is mounted into; any for amd64 will do, since the bundle has its own C library.
IMAGE_VARIABLE = "ENVDOCTOR_CONTAINER_IMAGE"
_IMAGE = "debian:stable-slim"
_ENGINES = ("docker", "podman")
_BUNDLE = "compiler"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerRun:
    """One run of the compiler: how it ended, and what it printed."""

    result: CommandResult
    printed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The compiler, ready to be started in one place.

    Attributes:
        context: of the stage.
        executor: runs what is in `start` with arguments behind it.
        start: the words that start the compiler there.
        folder: where the model lies, and where it writes.
    """

    context: StageContext
    executor: Executor
    start: Callable[[Sequence[str]], tuple[str, ...]]
    folder: Path

    def run(self, arguments: Sequence[str], *, timeout: float | None = None) -> CompilerRun:
        """Run the compiler once, in the folder.

        Args:
            arguments: its options, and the model's name.
            timeout: seconds; the stage's limit if None.
        """
        context = dataclasses.replace(self.context, run=self.executor.run)
        command = Command(argv=self.start(arguments), cwd=self.folder, timeout=timeout)
        result, printed = run_logged(context, command)
        return CompilerRun(result=result, printed=printed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """The stage's own way to run commands, as an executor."""

    run: Callable[[Command], CommandResult]
    name: str = places.LOCAL


def open_bench(context: StageContext, folder: Path) -> Bench:
    """Get the compiler ready in the place of the stage.

    Args:
        context: of the stage.
        folder: an existing folder with the model in it.

    Raises:
        StageFailed: the compiler, or what the place needs, is not here any more.
    """
    try:
        compiler = find_compiler(context.request.options.compiler)
        if context.place == places.SSH:
            return _far_bench(context, folder, compiler)
        return _near_bench(context, folder, compiler)
    except ToolchainProblem as error:
        words = str(error).rstrip(".")
        evidence = (Evidence(source=NAME, excerpt=words),)
        raise StageFailed(finding("compiler-missing", NAME, evidence, words=f"{words}."), of_place=True) from None


def _near_bench(context: StageContext, folder: Path, compiler: EdgeTpuCompiler | None) -> Bench:
    if compiler is None:
        raise ToolchainProblem(f"{NAME} is not here any more")
    return Bench(context=context, executor=_executor(context, compiler), start=compiler.command, folder=folder)


def _executor(context: StageContext, compiler: EdgeTpuCompiler) -> Executor:
    stage = _Stage(run=context.run)
    if context.place == places.QEMU:
        if compiler.binary is None:
            raise ToolchainProblem(f"{compiler.wrapper} is a script; QEMU can't start it")
        return PrefixExecutor(name=places.QEMU, prefix=(str(find_emulator()),), inner=stage)
    if context.place == places.DOCKER:
        engine, bundle = container_engine(), compiler.library_path
        if bundle is None:
            raise ToolchainProblem(f"{compiler.wrapper} is no whole bundle; a container needs one")
        return ContainerExecutor(engine=engine, image=container_image(), readable=(bundle,), inner=stage)
    return stage


def container_engine() -> str:
    """The program that runs containers.

    Raises:
        ToolchainProblem: there is none.
    """
    engine = next((path for path in map(shutil.which, _ENGINES) if path), None)
    if engine is None:
        raise ToolchainProblem("neither docker nor podman is here")
    return engine


def container_image() -> str:
    """The image to run the compiler in."""
    return os.environ.get(IMAGE_VARIABLE, _IMAGE)


def find_emulator() -> Path:
    """The emulator to start the compiler under.

    Raises:
        ToolchainProblem: there is none that runs.
    """
    found = [one for one in find_emulators(LocalExecutor(), stored_emulators()) if one.is_qemu]
    usable = [one for one in found if not one.problem]
    if not usable:
        words = found[0].problem if found else "no qemu-x86_64 is here"
        raise ToolchainProblem(f"{NAME} can't be started under QEMU: {words}")
    return usable[0].path


def _far_bench(context: StageContext, folder: Path, compiler: EdgeTpuCompiler | None) -> Bench:
    """The far side's own compiler, or a copy of ours that travels with the model."""
    far = SshExecutor(host=context.request.options.ssh_host or "", inner=_Stage(run=context.run))
    own = SshExecutor(host=far.host, inner=LocalExecutor()).ask(f"exec sh -c 'command -v {NAME}'")
    if own.ok and own.stdout.strip():
        return Bench(context=context, executor=far, start=lambda words: (NAME, *words), folder=folder)
    if compiler is None or compiler.library_path is None or compiler.loader is None:
        raise ToolchainProblem(f"{far.host} has no {NAME}, and this machine has none to send there")
    target = folder / _BUNDLE
    target.mkdir()
    for file in compiler.library_path.iterdir():
        shutil.copy2(file, target / file.name)
    start = (f"{_BUNDLE}/{compiler.loader.name}", "--library-path", _BUNDLE, f"{_BUNDLE}/{NAME}")
    return Bench(context=context, executor=far, start=lambda words: (*start, *words), folder=folder)
