"""Installs a toolchain into the store: fetch, unpack, look whether it is what it should be, commit."""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence  # noqa: TC003
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.binaries.elf_header import PT_INTERP, read_header
from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.window import Window
from envdoctor.core.command import Command
from envdoctor.core.errors import EnvDoctorError, ToolchainProblem
from envdoctor.emulation.qemu import QEMU_NAMES, parse_version
from envdoctor.net.urls import redacted
from envdoctor.toolchains.catalogue import SourceKind
from envdoctor.toolchains.fetch import Fetched, Fetcher
from envdoctor.toolchains.store import InstalledToolchain, Receipt, installed_toolchains, staging
from envdoctor.toolchains.unpack import unpack

if TYPE_CHECKING:
    from envdoctor.core.compiler import ToolchainFiles
    from envdoctor.executors import Executor
    from envdoctor.net.session import Session
    from envdoctor.toolchains.catalogue import CatalogueEntry, Source

QEMU = "qemu-x86_64"

_MACHINES = {"AMD64": "x86_64", "arm64": "aarch64"}
_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquirer:
    """What is needed to install a toolchain.

    Attributes:
        session: asks servers.
        executor: runs programs here.
        store: the toolchain store; the user's if None.
        own: how the files of compilers are taken in, by the toolchain's name.
    """

    session: Session
    executor: Executor
    store: Path | None = None
    own: Mapping[str, ToolchainFiles] = field(default_factory=dict)

    def acquire(self, entry: CatalogueEntry, sources: Sequence[Source] = ()) -> InstalledToolchain:
        """Install from the first source that has it.

        Args:
            entry: what to install.
            sources: where from; the catalogue's own if empty.

        Raises:
            ToolchainProblem: no source has it; says of each why, and what to do instead.
        """
        if not sources and not entry.sources:
            raise ToolchainProblem(f"envdoctor knows no place to get {entry.title} from: {entry.advice}.")
        problems = []
        for source in sources or entry.sources:
            try:
                with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
                    fetcher = Fetcher(session=self.session, executor=self.executor, folder=Path(folder))
                    return self._first(entry, fetcher.fetch(entry, source))
            except EnvDoctorError as error:
                where = "" if source.shown in str(error) or source.kind is SourceKind.SYSTEM_APT else f" {source.shown}"
                problems.append(f"{source.kind.value}{where}: {error}")
        listed = "\n  ".join(problems)
        raise ToolchainProblem(f"{entry.title} could not be installed:\n  {listed}\nInstead, {entry.advice}.")

    def _first(self, entry: CatalogueEntry, candidates: Sequence[Fetched]) -> InstalledToolchain:
        problem: EnvDoctorError | None = None
        for fetched in candidates:
            try:
                return self._install(entry, fetched)
            except EnvDoctorError as error:
                problem = error
        raise problem or ToolchainProblem(f"nothing was found for {entry.name}")

    def _install(self, entry: CatalogueEntry, fetched: Fetched) -> InstalledToolchain:
        with staging(self.store) as stage:
            if entry.name == QEMU:
                _fill_emulator(stage.files, fetched.path, entry.keep)
                version = self._ask_emulator(stage.files)
            else:
                own = self.own.get(entry.name)
                _fill(stage.files, fetched.path, entry, own)
                version = "" if own is None else own.inspect(stage.files)
            return stage.commit(
                Receipt(
                    name=entry.name,
                    version=_folder_name(version or fetched.version),
                    source=redacted(fetched.source),
                    sha256=fetched.sha256,
                    pinned=fetched.pinned,
                ),
            )

    def _ask_emulator(self, files: Path) -> str:
        """Its version; proves that it runs here.

        Raises:
            ToolchainProblem: it is not there, is another machine's, or needs libraries that are not here.
        """
        program = emulator_in(files)
        if program is None:
            raise ToolchainProblem(f"it holds no {' or '.join(QEMU_NAMES)}")
        with FileBytes(program) as source:
            header = read_header(Window(source))
        here = _MACHINES.get(platform.machine(), platform.machine())
        if header.architecture != here:
            raise ToolchainProblem(f"its {program.name} is for {header.architecture}, and this machine is {here}")
        result = self.executor.run(Command(argv=(str(program), "--version"), timeout=_SECONDS))
        version = parse_version(result.stdout)
        if version is None:
            linked = "; it is not self-contained" if header.of_kind(PT_INTERP) else ""
            raise ToolchainProblem(f"its {program.name} does not run here: {result.describe_failure()}{linked}")
        return ".".join(map(str, version))


def stored_emulators(store: Path | None = None) -> tuple[Path, ...]:
    """Folders of the store that hold QEMU, the newest version first."""
    programs = (emulator_in(one.files) for one in installed_toolchains(QEMU, store=store))
    return tuple(program.parent for program in programs if program is not None)


def emulator_in(folder: Path) -> Path | None:
    """QEMU's emulator in an unpacked package, or None."""
    for name in QEMU_NAMES:
        for path in (folder / name, folder / "usr/bin" / name):
            if path.is_file():
                return path
    return None


def _fill(files: Path, path: Path, entry: CatalogueEntry, own: ToolchainFiles | None) -> None:
    """Take in an archive, or else a file or a folder: as its compiler does it, or as it is."""
    if is_archive(path):
        unpack(path, files, wanted=lambda name: not entry.keep or name in entry.keep)
    elif own is not None:
        own.fill(path, files)
    elif path.is_dir():
        shutil.copytree(path, files, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(path, files / path.name)


def _fill_emulator(files: Path, path: Path, keep: Sequence[str]) -> None:
    if is_archive(path):
        unpack(path, files, wanted=lambda name: name in keep)
        return
    program = path if path.is_file() else emulator_in(path)
    if program is None:
        raise ToolchainProblem(f"{path} holds no {' or '.join(QEMU_NAMES)}")
    shutil.copy2(program, files / QEMU_NAMES[0])


def is_archive(path: Path) -> bool:
    """By content: neither a folder, nor a program, nor a script."""
    if path.is_dir():
        return False
    with path.open("rb") as stream:
        head = stream.read(len(magic.ELF))
    return head != magic.ELF and not head.startswith(b"#!")


def _folder_name(version: str) -> str:
    """A version without what can't name a folder: Debian's epoch, that is."""
    return re.sub(r"[^A-Za-z0-9._+~-]", "-", version.rpartition(":")[2]) or "unknown"
