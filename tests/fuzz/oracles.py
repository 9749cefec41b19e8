"""What the world says of a file: glibc's loader in a child process, zipfile, macholib and pefile."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import re
import resource
import signal
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 5


def dlopen_refusal(path: Path) -> str:
    """Why the loader does not take a file; "" where it does. It dies in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _load_and_exit(path, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        message = stream.read().decode("utf-8", "replace").replace(f"{path}: ", "")
    message = re.sub(r"(undefined symbol|reloc type).*", r"\1", message, flags=re.DOTALL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"the loader died of {signal.Signals(os.WTERMSIG(status)).name} {message[:100]}".strip()
    return message if os.WEXITSTATUS(status) else ""


def _load_and_exit(path: Path, writing: int) -> None:
    status = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_SECONDS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(writing, 2)  # the loader's assertions
        ctypes.CDLL(str(path), mode=os.RTLD_NOW)
        status = 0
    except OSError as error:
        os.write(writing, str(error).encode()[:2000])
    finally:
        os._exit(status)


def zip_refusals(data: bytes) -> tuple[set[str], dict[str, str]] | None:
    """The files that zipfile lists, and why it can't read some of them; None if it can't read the directory."""
    refusals = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                try:
                    archive.read(member)
                except Exception as error:  # noqa: BLE001 - zipfile raises whatever comes on damage
                    refusals[member.filename] = str(error)
            return {name for name in archive.namelist() if not name.endswith("/")}, refusals
    except Exception:  # noqa: BLE001 - the same
        return None


def macho_needs(path: Path) -> list[list[str]] | None:
    """What each architecture of a file links, as macholib reads it; None if it can't."""
    from macholib.MachO import MachO

    with contextlib.redirect_stderr(io.StringIO()):
        try:
            return [[name for _, _, name in header.walkRelocatables()] for header in MachO(str(path)).headers]
        except Exception:  # noqa: BLE001 - the same
            return None


def pe_needs(data: bytes) -> list[str] | None:
    """What a DLL imports, as pefile reads it; None if it can't."""
    import pefile

    try:
        image = pefile.PE(data=data, fast_load=True)
        image.parse_data_directories([pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_IMPORT"]])
        return [entry.dll.decode("utf-8", "replace") for entry in getattr(image, "DIRECTORY_ENTRY_IMPORT", ())]
    except Exception:  # noqa: BLE001 - the same
        return None
