"""int8 .tflite -> a file for the Coral Edge TPU, by edgetpu_compiler: as it is, or explicitly under QEMU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.action import Action, Place, StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.command import Command
from envdoctor.core.errors import ToolchainProblem
from envdoctor.core.finding import Evidence, Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.emulation.qemu import find_emulators
from envdoctor.pipeline.problems import finding
from envdoctor.pipeline.processes import failed, run_logged
from envdoctor.pipeline.requirements import with_trait
from envdoctor.toolchains.acquire import stored_emulators
from envdoctor.toolchains.edgetpu_log import parse_log
from envdoctor.toolchains.edgetpu_result import Outcome
from envdoctor.toolchains.locate import NAME, PACKAGE, find_compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envdoctor.core.command import CommandResult
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.toolchains.edgetpu_result import CompilerLog

LOCAL, QEMU = "local", "qemu"


def run(context: StageContext) -> StageOutput:
    """Compile, and read the log."""
    source = context.source.path.resolve()
    arguments = ("-s", "-o", str(context.folder), *context.request.options.compiler_args, str(source))
    result, printed = run_logged(context, Command(argv=_command(context, arguments), cwd=context.folder))
    said = parse_log(printed)
    compiled = context.folder / f"{source.stem}_edgetpu.tflite"
    if not result.ok or said.outcome is Outcome.FAILED or not compiled.is_file():
        raise _explain(context, result, printed, compiled)
    log = compiled.with_suffix(".log")
    written = parse_log(log.read_text(encoding="utf-8", errors="replace")) if log.is_file() else said
    return StageOutput(path=compiled, files=(log,) if log.is_file() else (), summary=_summary(said, written))


def _command(context: StageContext, arguments: tuple[str, ...]) -> tuple[str, ...]:
    try:
        compiler = find_compiler(context.request.options.compiler)
        if compiler is not None:
            return compiler.command(arguments, emulator=_emulator(context) if context.place == QEMU else None)
        words = f"{NAME} is not here any more"
    except ToolchainProblem as error:
        words = str(error).rstrip(".")
    raise StageFailed(finding("compiler-missing", NAME, (Evidence(source=NAME, excerpt=words),), words=f"{words}."))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Through:
    """An executor that runs what a stage runs."""

    run: Callable[[Command], CommandResult]
    name: str = LOCAL


def _emulator(context: StageContext) -> Path:
    found = [one for one in find_emulators(_Through(run=context.run), stored_emulators()) if one.is_qemu]
    usable = [one for one in found if not one.problem]
    if not usable:
        words = found[0].problem if found else "no qemu-x86_64 is here"
        raise ToolchainProblem(f"{NAME} can't be started under QEMU: {words}")
    return usable[0].path


def _explain(context: StageContext, result: CommandResult, printed: str, compiled: Path) -> StageFailed:
    """The compiler's own words, where the table of known failures has nothing better."""
    if not result.ok or "\nERROR: " in f"\n{printed}":
        failure = failed(context, result, printed, NAME)
        if failure.finding.name != "stage-failed":
            return failure
    cause = parse_log(printed).cause
    if cause is not None:
        evidence = (Evidence(source=str(context.log), excerpt=printed.strip()[-600:]),)
        return StageFailed(finding("compiler-refused", compiled.name, evidence, words=cause.line))
    if not result.ok:
        return failed(context, result, printed, NAME)
    evidence = (Evidence(source=" ".join(result.argv), excerpt="exited with status 0"),)
    return StageFailed(finding("compiled-file-missing", compiled.name, evidence, words=compiled.name))


def _summary(said: CompilerLog, written: CompilerLog) -> dict[str, object]:
    """What the console tells (memory, time), and the table, which every version's log file has."""
    rows = written.rows or said.rows
    values: dict[str, object] = {"compiler": said.version or written.version or "unknown"}
    if said.milliseconds is not None:
        values["compile_milliseconds"] = said.milliseconds
    if said.models:
        memory, model = said.models[-1].memory, said.models[-1]
        numbers = {
            "on_chip_bytes": memory.on_chip_used,
            "off_chip_bytes": memory.off_chip_used,
            "subgraphs": model.subgraphs,
        }
        values |= {name: number for name, number in numbers.items() if number is not None}
    return values | {
        "log_rows": [{"operator": row.op, "count": row.count, "status": row.text or row.status.value} for row in rows]
    }


def _installed(facts: Facts, _: Request) -> Iterator[Reason]:
    if facts.toolchains.edgetpu is None or facts.toolchains.problem:
        yield Reason(
            verdict=Verdict.FIXABLE,
            text=facts.toolchains.problem or f"{NAME} is not installed",
            fix=Fix(
                text="Install it in a folder of envdoctor's own, or name it with --compiler.",
                commands=(("envdoctor", "toolchain", "install", PACKAGE),),
                safe=True,
            ),
        )


def _answers(place: str) -> Callable[[Facts, Request], Iterator[Reason]]:
    """The compiler is started in this place: a requirement of the place."""

    def requirement(facts: Facts, _: Request) -> Iterator[Reason]:
        if place == QEMU and facts.emulation.native:
            yield Reason(verdict=Verdict.BLOCKED, text=f"this machine starts {NAME} as it is, without QEMU")
            return
        if facts.toolchains.edgetpu is None:
            return  # said already
        answer = facts.toolchains.answer(place)
        if answer is None:
            yield Reason(
                verdict=Verdict.FIXABLE,
                text=f"QEMU's user mode, which starts {NAME} on this machine, is not installed",
                fix=Fix(text="Install QEMU's user mode for x86_64 (on Debian the package qemu-user-static)."),
            )
        elif answer.version:
            yield Reason(verdict=Verdict.READY, text=f"{NAME} {answer.version} answers ({answer.argv[0]})")
        else:
            yield Reason(verdict=Verdict.BLOCKED, text=f"{NAME} does not start here: {answer.words}")

    return requirement


ACTION = Action(
    name="edgetpu",
    title="compile for the Edge TPU",
    consumes=frozenset({ArtifactKind.TFLITE_INT8}),
    produces=ArtifactKind.EDGETPU_TFLITE,
    run=run,
    requires=(
        _installed,
        with_trait(
            "int16x8",
            Verdict.BLOCKED,
            "its activations have 16 bits; the Edge TPU computes with 8",
            "nothing-on-accelerator",
        ),
        with_trait(
            "dynamic-shapes",
            Verdict.BLOCKED,
            "shapes of the model are computed when it runs, which the compiler refuses",
            "dynamic-tensors",
            kind=ArtifactKind.TFLITE_INT8,
        ),
        with_trait(
            "per-channel-dense",
            Verdict.UNKNOWN,
            "dense weights have a scale for each output, with which this compiler is known to compute wrong numbers",
            "per-channel-dense-compiled",
            kind=ArtifactKind.TFLITE_INT8,
        ),
    ),
    places=(
        Place(name=LOCAL, requires=(_answers(LOCAL),)),
        Place(name=QEMU, requires=(_answers(QEMU),), cost=8.0),
    ),
    goals=frozenset({"edgetpu"}),
    options=frozenset({"compiler", "compiler_args", "require_mapped"}),
    cost=4.0,
)
