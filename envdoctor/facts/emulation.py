"""Whether programs for x86_64 run here, by what, and what is set up for it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.emulation import binfmt as _binfmt
from envdoctor.emulation.binfmt import Binfmt, BinfmtEntry, x86_64_head
from envdoctor.emulation.proof import Proof
from envdoctor.emulation.surroundings import Surroundings

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.emulation.advice import Advice
    from envdoctor.emulation.qemu import Emulator
    from envdoctor.emulation.registration import Registration
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.host import Host

#: Where the kernel's table of formats belongs.
USUAL_PLACE = _binfmt.USUAL_PLACE
#: What an x86_64 machine calls itself.
NATIVE = frozenset({"x86_64", "amd64", "AMD64"})

_PROGRAM = x86_64_head(osabi=0)
_LOADER = x86_64_head(osabi=3)
_NOT_TRIED = Proof(argv=(), ran=None, words="not tried")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulation:
    """How this machine runs programs for x86_64 Linux.

    Attributes:
        supported: False on systems other than Linux: QEMU's user mode is for Linux programs on Linux.
        machine: the kernel's architecture.
        binfmt: the kernel's table of formats.
        registrations: formats configured for the next boot.
        surroundings: container, chroot, WSL.
        emulators: QEMU and others on this machine.
        direct: what came of starting an x86_64 program as it is.
        direct_loader: the same with the OSABI that a loader of glibc has; differs where a pattern is too narrow.
        explicit: what came of starting it under the first QEMU found.
    """

    supported: bool = True
    machine: str = "aarch64"
    binfmt: Binfmt = field(default_factory=Binfmt)
    registrations: tuple[Registration, ...] = ()
    surroundings: Surroundings = field(default_factory=Surroundings)
    emulators: tuple[Emulator, ...] = ()
    direct: Proof = _NOT_TRIED
    direct_loader: Proof = _NOT_TRIED
    explicit: Proof = _NOT_TRIED

    @property
    def native(self) -> bool:
        """The processor is an x86_64 one, or pretends to be: nothing needs emulating."""
        return self.machine in NATIVE

    @property
    def needed(self) -> bool:
        """A Linux machine that runs x86_64 programs only by emulation."""
        return self.supported and not self.native

    @property
    def qemu(self) -> Emulator | None:
        """The QEMU to use: the first that answered, else the first found, else None."""
        found = [one for one in self.emulators if one.is_qemu]
        return next((one for one in found if not one.problem), found[0] if found else None)

    @property
    def runs_directly(self) -> bool:
        """Programs and loaders for x86_64 were started as they are, and ran."""
        return self.direct.ran is True and self.direct_loader.ran is True

    @property
    def runs_explicitly(self) -> bool:
        """An x86_64 program ran under QEMU."""
        return self.explicit.ran is True

    @property
    def handlers(self) -> tuple[BinfmtEntry, ...]:
        """The formats that fit x86_64 programs or loaders, in the kernel's order, enabled or not."""
        found = (*self.binfmt.matching(_PROGRAM), *self.binfmt.matching(_LOADER))
        return tuple(entry for entry in self.binfmt.entries if entry in found)

    @property
    def handler(self) -> BinfmtEntry | None:
        """The format that the kernel uses for x86_64 programs, or None."""
        return self.binfmt.handler(_PROGRAM)

    @property
    def loader_handler(self) -> BinfmtEntry | None:
        """The format that the kernel uses for loaders of glibc (OSABI 3), or None."""
        return self.binfmt.handler(_LOADER)

    @property
    def configured(self) -> tuple[Registration, ...]:
        """What registers a fitting format at the next boot."""
        return tuple(one for one in self.registrations if one.entry.matches(_PROGRAM))

    @property
    def in_own_kernel(self) -> bool:
        """Outside of containers: what the kernel's table shows here is all that counts, and it can be changed here."""
        return not self.surroundings.container

    def advice(self, host: Host) -> Advice:
        """The commands for this machine's distribution."""
        from envdoctor.emulation.advice import advise

        return advise(host.distribution, host.version)


def needed_emulation(facts: Facts) -> Emulation:
    """How this machine runs programs for x86_64, for probes that ask only where it takes an emulator.

    Raises:
        DoesNotApply: nothing needs emulating here, or nothing can.
        FactUnavailable: it could not be found out.
    """
    emulation = facts.emulation
    if emulation.native:
        raise DoesNotApply("this machine runs programs for x86_64 itself")
    if not emulation.supported:
        raise DoesNotApply("QEMU runs Linux programs on Linux only")
    return emulation


def collect(request: Request, executor: Executor) -> Emulation:
    """Look at the kernel's table and the emulators, and try two tiny programs."""
    del request
    machine = platform.machine()
    if sys.platform != "linux":
        return Emulation(supported=False, machine=machine)
    from envdoctor.emulation.proof import run_proof
    from envdoctor.emulation.qemu import find_emulators
    from envdoctor.emulation.registration import collect_registrations
    from envdoctor.emulation.surroundings import collect_surroundings
    from envdoctor.emulation.system import collect_binfmt
    from envdoctor.toolchains.acquire import stored_emulators

    emulators = () if machine in NATIVE else find_emulators(executor, stored_emulators())
    qemu = Emulation(emulators=emulators).qemu
    return Emulation(
        machine=machine,
        binfmt=collect_binfmt(),
        registrations=collect_registrations(),
        surroundings=collect_surroundings(),
        emulators=emulators,
        direct=run_proof(executor),
        direct_loader=run_proof(executor, osabi=3),
        explicit=_NOT_TRIED if qemu is None else run_proof(executor, emulator=qemu.path),
    )
