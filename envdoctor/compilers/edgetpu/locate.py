"""Where `edgetpu_compiler` is, and how it is started without its wrapper script.

The compiler comes as a bundle: `edgetpu_compiler`, a bash script of three lines, beside a folder `edgetpu_compiler_bin`
with the program, its own dynamic loader and its own libraries. The script breaks on paths with spaces, and an emulator
can't start it at all, so the loader is started directly: `LOADER --library-path FOLDER PROGRAM ...` (ld.so(8)).
"""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.binaries.elf_header import read_header
from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.window import Window
from envdoctor.core.errors import ToolchainProblem, Unreadable
from envdoctor.executors.programs import find_program
from envdoctor.toolchains.store import installed_toolchains

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = "edgetpu_compiler"
PACKAGE = "edgetpu-compiler"

VARIABLE = "ENVDOCTOR_EDGETPU_COMPILER"

#: A folder that a user names is searched this deep (usr/bin/edgetpu_compiler_bin/ below an unpacked package's parent).
_DEPTH = 5
_MOST_FOLDERS = 2000
_SCRIPT_HEAD = 4096
#: The bundle by its whole path in a shell script: in quotes, or with a backslash before a space.
_BUNDLE = re.compile(rf"""["'](?P<quoted>/[^"'$\n]*/{NAME}_bin)/|(?P<bare>/(?:\\.|[^\s"'$\\])*/{NAME}_bin)/""")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTpuCompiler:
    """A compiler on this machine's disk.

    Attributes:
        wrapper: what a user would type: the script, or the program where there is none.
        binary: the ELF program; None if `wrapper` is a script that starts something else (a container, say).
        loader: the bundled dynamic loader; None if there is none.
        library_path: the folder with the bundled libraries; None without a loader.
        architecture: of the program (`x86_64`, `aarch64`); None if there is no program to read.
        version: if known without running it, or None.
        origin: how it was found: `option`, `ENVDOCTOR_EDGETPU_COMPILER`, `toolchain store` or `PATH`.
    """

    wrapper: Path
    binary: Path | None = None
    loader: Path | None = None
    library_path: Path | None = None
    architecture: str | None = None
    version: str | None = None
    origin: str

    def command(self, arguments: Sequence[str], *, emulator: Path | None = None) -> tuple[str, ...]:
        """The argv that starts it.

        Args:
            arguments: the compiler's own.
            emulator: `qemu-x86_64[-static]` to start it under; None where the kernel runs its program (natively or by a
                binfmt_misc handler).

        Raises:
            ToolchainProblem: an emulator can't start it, or its folder's name can't be given to the loader.
        """
        if self.binary is None:
            if emulator is not None:
                raise ToolchainProblem(
                    f"{self.wrapper} is a script, not the compiler's bundle: {emulator.name} can't start it. "
                    f"Name the folder that holds {NAME}_bin, or run `envdoctor toolchain install {PACKAGE}`.",
                )
            return (str(self.wrapper), *arguments)
        prefix = () if emulator is None else (str(emulator),)
        if self.loader is None or self.library_path is None:
            return (*prefix, str(self.binary), *arguments)
        folder = str(self.library_path)
        if ":" in folder or ";" in folder:
            raise ToolchainProblem(
                f"{folder}: the loader reads `:` and `;` in a library path as separators; move the compiler elsewhere.",
            )
        return (*prefix, str(self.loader), "--library-path", folder, str(self.binary), *arguments)


def find_compiler(
    named: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    store: Path | None = None,
) -> EdgeTpuCompiler | None:
    """The compiler to use: the one named, by the variable, of the toolchain store (the newest), or on PATH.

    Args:
        named: a wrapper, a program or a folder that the user named.
        environ: the environment to read; this process's if None.
        store: the folder of the toolchain store; the user's if None.

    Returns:
        The first that is there; None if there is none.

    Raises:
        ToolchainProblem: the first that is there is not a usable compiler, or one that was named is not there.
    """
    for origin, path, version in _candidates(named, os.environ if environ is None else environ, store):
        return read_compiler(path, origin=origin, version=version)
    return None


def _candidates(
    named: Path | None,
    environ: Mapping[str, str],
    store: Path | None,
) -> Iterator[tuple[str, Path, str | None]]:
    if named is not None:
        yield "option", named, None
    if environ.get(VARIABLE):
        yield VARIABLE, Path(environ[VARIABLE]), None
    for toolchain in installed_toolchains(PACKAGE, store=store):
        yield "toolchain store", toolchain.files, toolchain.version
    on_path = find_program(NAME, environ.get("PATH", os.defpath))
    if on_path:
        yield "PATH", Path(on_path), None


def read_compiler(path: Path, *, origin: str, version: str | None = None) -> EdgeTpuCompiler:
    """Understand a wrapper script, a program, or a folder that holds either at any usual depth.

    Raises:
        ToolchainProblem: it is not there, or holds no compiler.
    """
    path = path.expanduser()
    try:
        real = path.resolve(strict=True)
        for folder in _bundle_folders(real):
            if _is_elf_file(folder / NAME):
                return _read_bundle(folder, wrapper=path, origin=origin, version=version)
        if real.is_file() and not _is_elf(real):
            return _read_script(real, origin=origin, version=version)
    except FileNotFoundError as error:
        raise ToolchainProblem(f"{path} ({origin}) does not exist: name the folder or file of {NAME}") from error
    except (OSError, Unreadable, RuntimeError) as error:
        raise ToolchainProblem(f"{path} ({origin}) can't be read as {NAME}: {error}") from error
    raise ToolchainProblem(
        f"{path} ({origin}) holds no {NAME}: it should be its wrapper script, or a folder with {NAME}_bin/{NAME}",
    )


def _bundle_folders(real: Path) -> Iterator[Path]:
    """Folders that may hold the program: the nearest first."""
    if real.is_file():
        if _is_elf(real):
            yield real.parent
        yield real.parent / f"{NAME}_bin"
        return
    for folder, folders, files in itertools.islice(os.walk(real), _MOST_FOLDERS):
        depth = len(Path(folder).relative_to(real).parts)
        if depth >= _DEPTH:
            folders.clear()
        folders.sort()
        if NAME in files:
            yield Path(folder)


def _read_bundle(folder: Path, *, wrapper: Path, origin: str, version: str | None) -> EdgeTpuCompiler:
    binary = folder / NAME
    with FileBytes(binary) as source:
        architecture = read_header(Window(source)).architecture
    loaders = sorted(folder.glob("ld-linux*.so*"))
    loader = loaders[0] if loaders else None
    if wrapper.is_dir():
        script = folder.parent / NAME
        wrapper = script if script.is_file() else binary
    return EdgeTpuCompiler(
        wrapper=wrapper,
        binary=binary,
        loader=loader,
        library_path=folder if loader else None,
        architecture=architecture,
        version=version,
        origin=origin,
    )


def _read_script(script: Path, *, origin: str, version: str | None) -> EdgeTpuCompiler:
    with script.open("rb") as stream:
        head = stream.read(_SCRIPT_HEAD)
    if not head.startswith(b"#!"):
        raise Unreadable("neither a program nor a script")
    named = _BUNDLE.search(head.decode("utf-8", "surrogateescape"))
    folder = Path(named["quoted"] or re.sub(r"\\(.)", r"\1", named["bare"])) if named else None
    if folder and _is_elf_file(folder / NAME):
        return _read_bundle(folder, wrapper=script, origin=origin, version=version)
    if f"{NAME}_bin/".encode() in head:
        raise Unreadable(f"the wrapper script is there, but {NAME}_bin beside it is not")
    return EdgeTpuCompiler(wrapper=script, origin=origin, version=version)


def _is_elf_file(path: Path) -> bool:
    return path.is_file() and _is_elf(path)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic.ELF)) == magic.ELF
