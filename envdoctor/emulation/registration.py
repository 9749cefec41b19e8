"""What registers formats again after a reboot: systemd-binfmt's configuration and update-binfmts' database.

Sources: binfmt.d(5), systemd-binfmt.service(8); update-binfmts(8) and the files it keeps below /var/lib/binfmts.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from envdoctor.core.errors import Unreadable
from envdoctor.emulation.binfmt import BinfmtEntry, parse_registration
from envdoctor.support.files import head_text

#: Folders of binfmt.d(5), the strongest first: a file hides one of the same name in a later folder.
SYSTEMD_FOLDERS = ("etc/binfmt.d", "run/binfmt.d", "usr/local/lib/binfmt.d", "usr/lib/binfmt.d")
_DATABASE = "var/lib/binfmts"
_DATABASE_LINES = ("package", "type", "offset", "magic", "mask", "interpreter", "detector", "C", "P", "F")
_MAX_FILES = 1000
_MAX_SIZE = 1 << 20


class Manager(enum.Enum):
    """Which program registers a format at boot."""

    SYSTEMD_BINFMT = "systemd-binfmt"
    UPDATE_BINFMTS = "update-binfmts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A format that is configured for the next boot.

    Attributes:
        source: the file it is configured in.
        entry: as it would be registered.
    """

    manager: Manager
    source: str
    entry: BinfmtEntry


def parse_conf(text: str, source: str) -> tuple[Registration, ...]:
    """A file of binfmt.d(5); lines that are no registrations are left out, as systemd-binfmt does with a warning."""
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        try:
            entry = parse_registration(line)
        except Unreadable:
            continue
        found.append(Registration(manager=Manager.SYSTEMD_BINFMT, source=source, entry=entry))
    return tuple(found)


def parse_database_entry(name: str, text: str, source: str) -> Registration:
    """A file of /var/lib/binfmts: ten lines, in a fixed order.

    Raises:
        Unreadable: it is not such a file.
    """
    values = dict(zip(_DATABASE_LINES, text.splitlines(), strict=False))
    flags = "".join(letter for letter in "PCF" if values.get(letter) == "yes")
    kind = {"magic": "M", "extension": "E"}.get(values.get("type", ""))
    if kind is None or any(":" in value for value in values.values()):
        raise Unreadable(f"{source} is no entry of update-binfmts")
    fields = (name, kind, values.get("offset", ""), values.get("magic", ""), values.get("mask", ""))
    line = ":" + ":".join((*fields, values.get("interpreter", ""), flags))
    return Registration(manager=Manager.UPDATE_BINFMTS, source=source, entry=parse_registration(line))


def collect_registrations(root: Path = Path("/")) -> tuple[Registration, ...]:
    """Every format that is configured for the next boot.

    Args:
        root: what to take for `/`.
    """
    return (*_systemd(root), *_database(root))


def _systemd(root: Path) -> list[Registration]:
    files: dict[str, Path] = {}
    for folder in SYSTEMD_FOLDERS:
        for path in _files(root / folder):
            if path.suffix == ".conf":
                files.setdefault(path.name, path)
    found: list[Registration] = []
    for name in sorted(files):
        text = head_text(files[name], _MAX_SIZE)  # a link to /dev/null, which masks a file, reads as empty
        found += parse_conf(text, str(files[name]))
    return found


def _database(root: Path) -> list[Registration]:
    found = []
    for path in _files(root / _DATABASE):
        try:
            found.append(parse_database_entry(path.name, head_text(path, _MAX_SIZE), str(path)))
        except Unreadable:
            continue
    return found


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:_MAX_FILES]
    except OSError:
        return []
