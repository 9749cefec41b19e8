"""Where `edgetpu_compiler` can run, best first, and what stands in the way there.

Each place's own findings stand behind its verdict, so that an explanation is never written twice; where one command
opens a place, its reason carries that command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.action import Place
from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.compilers.edgetpu.remote import Remote
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.action import Requirement
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.facts.emulation import Emulation

LOCAL, QEMU, BINFMT, DOCKER, SSH, NOTEBOOK = "local", "qemu", "binfmt", "docker", "ssh", "notebook"

_INSTALL = ("envdoctor", "toolchain", "install", "edgetpu-compiler")
_NO_COMPILER = "edgetpu_compiler is not installed"


def _compiler(facts: Facts) -> Iterator[Reason]:
    """The compiler is here, and the right one."""
    edgetpu = facts.of(EdgeTpu)
    fix = Fix(text="Get it, without root, or name one with --compiler.", commands=(_INSTALL,), safe=True)
    if edgetpu.problem:
        yield Reason(verdict=Verdict.FIXABLE, text=edgetpu.problem, fix=fix, code="TCH002")
    elif edgetpu.compiler is None:
        yield Reason(verdict=Verdict.FIXABLE, text=_NO_COMPILER, fix=fix, code="TCH001")
    elif edgetpu.compiler.architecture not in {None, "x86_64"}:
        text = f"the compiler for {edgetpu.compiler.architecture} aborts on today's systems"
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=fix, code="TCH003")


def _answer(facts: Facts, place: str) -> Iterator[Reason]:
    """The compiler, being here, said its version in this place."""
    answer = facts.of(EdgeTpu).answer(place)
    if answer is None:
        return
    if answer.version:
        yield Reason(verdict=Verdict.READY, text=f"edgetpu_compiler {answer.version} answers")
    else:
        text = f"edgetpu_compiler does not start here: {answer.words}"
        yield Reason(verdict=Verdict.BLOCKED, text=text, code="TCH005")


def _local(facts: Facts, _: Request) -> Iterator[Reason]:
    missing = tuple(_compiler(facts))
    yield from missing or _answer(facts, LOCAL)


def _qemu(facts: Facts, _: Request) -> Iterator[Reason]:
    """One reason even if both the compiler and QEMU are missing: one command gets both."""
    emulation, missing = facts.emulation, tuple(_compiler(facts))
    advice = emulation.advice(facts.host)
    qemu_fix = Fix(
        text="Get QEMU's emulator for x86_64 programs.",
        commands=advice.unpack or advice.install,
        safe=bool(advice.unpack),
    )
    if emulation.qemu is not None and emulation.runs_explicitly:
        yield from missing or _answer(facts, QEMU)
    elif emulation.qemu is not None:
        text = f"{emulation.qemu.path} does not run a tiny x86_64 program: {emulation.explicit.words}"
        yield from missing
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=qemu_fix, code="EMU002")
    elif missing and advice.unpack and missing[0].code == "TCH001":
        fix = Fix(text="Get the compiler and QEMU, without root.", commands=(_INSTALL,), safe=True)
        text = f"{_NO_COMPILER}, and neither is an emulator for x86_64 programs"
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=fix, code="EMU001")
    else:
        yield from missing
        text = "no emulator for x86_64 programs is here"
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=qemu_fix, code="EMU001")


def _binfmt(facts: Facts, _: Request) -> Iterator[Reason]:
    emulation, missing = facts.emulation, tuple(_compiler(facts))
    yield from missing
    if emulation.runs_directly:
        if not missing:
            yield from _answer(facts, LOCAL)
        return
    code, text = _handler_state(facts)
    advice = emulation.advice(facts.host)
    commands = (*(() if emulation.configured else advice.install), *advice.register)
    fix = Fix(text="Register QEMU for x86_64 programs.", commands=commands)
    yield Reason(verdict=Verdict.FIXABLE, text=text, fix=fix, code=code)


def _handler_state(facts: Facts) -> tuple[str, str]:
    """The code and the words for why the kernel starts no x86_64 program."""
    emulation = facts.emulation
    binfmt, container = emulation.binfmt, emulation.surroundings.container
    if container and not binfmt.mount_points:
        return "EMU014", f"this is {container}, and its host's kernel runs no x86_64 program"
    if not binfmt.mount_points:
        return "EMU003", "binfmt_misc is not mounted"
    if not binfmt.enabled:
        return "EMU004", "binfmt_misc is switched off"
    if not emulation.handlers:
        return "EMU005", "no handler for x86_64 programs is registered"
    return _entry_state(emulation)


def _entry_state(emulation: Emulation) -> tuple[str, str]:
    """The same, where an entry fits x86_64 programs."""
    entry = emulation.handler or emulation.loader_handler
    if entry is None:
        return "EMU006", f"the handler {emulation.handlers[0].name} is disabled"
    if entry.interpreter_missing and not entry.fixed:
        return "EMU008", f"the handler's interpreter {entry.interpreter} is not there"
    if entry.interpreter_not_executable and not entry.fixed:
        return "EMU009", f"the handler's interpreter {entry.interpreter} is not executable"
    if emulation.handler is None or emulation.loader_handler is None:
        return "EMU007", f"the handler {entry.name} fits programs or loaders, not both"
    return "EMU017", f"the handler {entry.name} does not run x86_64 programs: {emulation.direct.words}"


def _docker(facts: Facts, _: Request) -> Iterator[Reason]:
    engine, emulation = facts.containers.usable, facts.emulation
    yield from _compiler(facts)
    if engine is None:
        silent = next(iter(facts.containers.engines), None)
        text = f"{silent.name} does not answer: {silent.words}" if silent else "neither docker nor podman is installed"
        fix = Fix(text="Install docker or podman, and start it.")
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=fix, code="TCH007" if silent else "")
        return
    handler = emulation.handler
    if emulation.needed and not (emulation.runs_directly and (handler is None or handler.fixed)):
        commands = emulation.advice(facts.host).register_from_container
        fix = Fix(text="Register QEMU with F, so that it works in containers.", commands=commands)
        text = "containers for amd64 don't run here: no handler with F is registered"
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=fix, code="EMU010")
        return
    yield Reason(
        verdict=Verdict.UNKNOWN, text=f"{engine.name} {engine.version} answers; its image may have to be pulled"
    )


def _ssh(facts: Facts, _: Request) -> Iterator[Reason]:
    remote = facts.of(Remote)
    if not remote.host:
        fix = Fix(text="Name an x86_64 Linux machine with --ssh HOST or --route ssh:HOST.")
        yield Reason(verdict=Verdict.FIXABLE, text="no other machine was named", fix=fix)
    elif not remote.answers:
        fix = Fix(text=f"Make `ssh {remote.host} true` work without a question.")
        yield Reason(verdict=Verdict.FIXABLE, text=f"{remote.host} does not let us in: {remote.words}", fix=fix)
    elif not remote.usable:
        yield Reason(verdict=Verdict.BLOCKED, text=f"{remote.host} is {remote.system}; the compiler needs Linux x86_64")
    elif remote.compiler:
        yield Reason(verdict=Verdict.READY, text=f"{remote.host} has {remote.compiler}")
    else:
        yield from _compiler(facts)


def _notebook(_: Facts, request: Request) -> Iterator[Reason]:
    if request.options.resume is not None:
        return
    text = "a person has to run the notebook that is written, in Google Colab, and bring the file back"
    if request.options.notebook:
        yield Reason(verdict=Verdict.READY, text=text)
    else:
        fix = Fix(text="Take --route notebook, then run the same again with --resume FILE.")
        yield Reason(verdict=Verdict.FIXABLE, text=text, fix=fix)


def _known_not_to_work(text: str) -> Requirement:
    def requirement(_: Facts, __: Request) -> Iterator[Reason]:
        yield Reason(verdict=Verdict.BLOCKED, text=text)

    return requirement


def _starts_here(facts: Facts, _: Request) -> bool:
    """An x86_64 machine, or a script of the user's own that starts the compiler in some way."""
    compiler = facts.of(EdgeTpu).compiler
    own = compiler is not None and compiler.binary is None
    return facts.emulation.supported and (facts.emulation.native or own)


def _needs_emulation(facts: Facts, _: Request) -> bool:
    return facts.emulation.needed


#: What people try on ARM, and lose days with.
_DEAD_ENDS = {
    "box64": "Box64 puts this system's C library in place of the one that the compiler brings, and can't run it so",
    "arm-compiler": "the compiler for aarch64, made up to version 2.0, ends with an internal error on today's systems",
    "libredgetpu": "it patches weights into ready-made files of a few layer shapes, and compiles no other model",
}

PLACES = (
    Place(name=LOCAL, requires=(_local,), applies=_starts_here),
    Place(name=QEMU, requires=(_qemu,), applies=_needs_emulation, cost=8.0),
    Place(name=BINFMT, requires=(_binfmt,), applies=_needs_emulation, cost=9.0),
    Place(name=DOCKER, requires=(_docker,), cost=20.0),
    Place(name=SSH, requires=(_ssh,), cost=30.0),
    Place(name=NOTEBOOK, requires=(_notebook,), cost=600.0),
    *(
        Place(name=name, requires=(_known_not_to_work(text),), applies=_needs_emulation, cost=1000.0)
        for name, text in _DEAD_ENDS.items()
    ),
)
