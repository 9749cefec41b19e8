"""The toolchain store: compilers that envdoctor unpacked, kept in the user's data folder by name and version.

Layout: `NAME/VERSION/receipt.json` and `NAME/VERSION/files/...`. A toolchain is unpacked in a folder whose name begins
with a dot and moved into place whole, so that an installation that was killed leaves none half made.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import ToolchainProblem, Unreadable
from envdoctor.support.files import read_regular
from envdoctor.support.packing import unpack_json
from envdoctor.support.text import read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "ENVDOCTOR_TOOLCHAINS"
_RECEIPT = "receipt.json"
_FILES = "files"
_REPLACED = ".replaced"
_INCOMING = ".incoming-"
#: Seconds to wait for another process that changes the store.
_PATIENCE = 600
_LARGEST = 1 << 20
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where an installed toolchain came from.

    Attributes:
        source: the file, folder or URL it was made from, as the user would name it.
        sha256: of the archive or package; of a folder, empty.
        pinned: True if that hash was known beforehand (a catalogue or a package index), False if only recorded.
    """

    name: str
    version: str
    source: str
    sha256: str = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledToolchain:
    """A toolchain in the store; `files` is the folder with what was unpacked."""

    receipt: Receipt
    folder: Path

    @property
    def version(self) -> str:
        """Its version."""
        return self.receipt.version

    @property
    def files(self) -> Path:
        """The folder with the unpacked files."""
        return self.folder / _FILES


def store_folder() -> Path:
    """The store: what ENVDOCTOR_TOOLCHAINS names, or `toolchains` in the user's data folder."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    import platformdirs

    return Path(platformdirs.user_data_path("envdoctor", appauthor=False)) / "toolchains"


def installed_toolchains(name: str | None = None, *, store: Path | None = None) -> tuple[InstalledToolchain, ...]:
    """What is installed, newest version first within a name.

    Args:
        name: only toolchains of this name.
        store: another store than the user's.
    """
    read = ((folder, _receipt(folder)) for folder in _folders(store, name or "*"))
    found = [InstalledToolchain(receipt=receipt, folder=folder) for folder, receipt in read if receipt is not None]
    found.sort(key=lambda one: _version_key(one.version), reverse=True)
    return tuple(sorted(found, key=lambda one: one.receipt.name))


def damaged_toolchains(*, store: Path | None = None) -> tuple[Path, ...]:
    """Folders of toolchains that can't be used, since their receipts can't be read or are of others."""
    return tuple(folder for folder in _folders(store, "*") if _receipt(folder) is None)


def _folders(store: Path | None, name: str) -> list[Path]:
    found = (store or store_folder()).glob(f"{name}/*/{_RECEIPT}")
    return sorted(file.parent for file in found if not file.parent.name.startswith("."))


def _receipt(folder: Path) -> Receipt | None:
    try:
        receipt = unpack_json(read_regular(folder / _RECEIPT, _LARGEST), Receipt)
    except (OSError, Unreadable):
        return None
    return receipt if (receipt.name, receipt.version) == (folder.parent.name, folder.name) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A toolchain in the making: fill `files`, then `commit`."""

    files: Path
    store: Path

    def commit(self, receipt: Receipt) -> InstalledToolchain:
        """Move it into the store in one step; the same version of the same toolchain is replaced.

        Raises:
            ToolchainProblem: its name or version can't name a folder.
        """
        for word in (receipt.name, receipt.version):
            if not _SAFE_NAME.fullmatch(word):
                raise ToolchainProblem(f"'{word}' can't name a toolchain: letters, digits and . _ + ~ - only")
        folder = self.files.parent
        (folder / _RECEIPT).write_text(json.dumps(asdict(receipt), indent=2) + "\n", "utf-8")
        target = self.store / receipt.name / receipt.version
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.replace(folder / _REPLACED)
        folder.replace(target)
        shutil.rmtree(target / _REPLACED, ignore_errors=True)
        return InstalledToolchain(receipt=receipt, folder=target)


@contextlib.contextmanager
def staging(store: Path | None = None) -> Iterator[Stage]:
    """A place to put a new toolchain's files; whatever was not committed is gone afterwards.

    Args:
        store: another store than the user's.

    Raises:
        ToolchainProblem: the store can't be written.
    """
    root = store or store_folder()
    try:
        with _locked(root), _incoming(root) as incoming:
            (incoming / _FILES).mkdir()
            yield Stage(files=incoming / _FILES, store=root)
    except OSError as error:
        raise ToolchainProblem(f"the toolchain store {root} can't be written: {error}") from error


def remove(toolchain: InstalledToolchain) -> None:
    """Take a toolchain out of the store; out of sight at once, then deleted.

    Raises:
        ToolchainProblem: the store can't be written.
    """
    root = toolchain.folder.parent.parent
    try:
        with _locked(root), _incoming(root) as incoming:
            toolchain.folder.replace(incoming / _FILES)
            with contextlib.suppress(OSError):
                toolchain.folder.parent.rmdir()
    except OSError as error:
        raise ToolchainProblem(f"{toolchain.folder} can't be removed: {error}") from error


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One process at a time changes the store; what a killed one left is swept away."""
    import filelock

    root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(root / ".lock", timeout=_PATIENCE):
        for leftover in root.glob(f"{_INCOMING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


@contextlib.contextmanager
def _incoming(root: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (1, read_number(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"[.+~_-]", version)
    )
