"""Reads binfmt_misc as this machine shows it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from envdoctor.core.errors import Unreadable
from envdoctor.emulation.binfmt import (
    USUAL_PLACE,
    Binfmt,
    BinfmtEntry,
    InterpreterState,
    parse_entry,
    parse_mount_points,
)
from envdoctor.support.files import head_text

_NOT_ENTRIES = frozenset({"register", "status"})
_MAX_ENTRIES = 1000
_MAX_SIZE = 1 << 20


def collect_binfmt(root: Path = Path("/")) -> Binfmt:
    """Read binfmt_misc, wherever it is mounted.

    Args:
        root: what to take for `/`.
    """
    with contextlib.suppress(OSError):
        next(_below(root, USUAL_PLACE).iterdir(), None)  # systemd mounts it at the first look, through autofs
    points = parse_mount_points(head_text(root / "proc/self/mountinfo", _MAX_SIZE))
    if not points:
        return Binfmt(known="binfmt_misc" in head_text(root / "proc/filesystems", _MAX_SIZE).split())
    folder = _below(root, points[0])
    entries, unreadable = [], []
    for name in _listed(folder):
        try:
            entries.append(_with_state(parse_entry(name, (folder / name).read_text("utf-8", "replace")), root))
        except (OSError, Unreadable) as error:
            unreadable.append(f"{name}: {error}")
    enabled = head_text(folder / "status", _MAX_SIZE).strip() == "enabled"
    return Binfmt(mount_points=points, enabled=enabled, entries=tuple(entries), unreadable=tuple(unreadable))


def _listed(folder: Path) -> list[str]:
    """Names in the kernel's own order, which is the order it tries them in (seen on 6.1, 6.12, 6.18): not sorted."""
    try:
        return [path.name for path in folder.iterdir() if path.name not in _NOT_ENTRIES][:_MAX_ENTRIES]
    except OSError:
        return []


def _with_state(entry: BinfmtEntry, root: Path) -> BinfmtEntry:
    path = _below(root, entry.interpreter)
    try:
        if not path.exists():
            state = InterpreterState.MISSING
        else:
            state = InterpreterState.FINE if os.access(path, os.X_OK) else InterpreterState.NOT_EXECUTABLE
    except OSError:
        state = InterpreterState.UNKNOWN
    return replace(entry, interpreter_state=state)


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")
