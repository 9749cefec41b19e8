"""Entries of binfmt_misc: which emulator the kernel gives a program to.

Sources: the kernel's Documentation/admin-guide/binfmt-misc.rst and fs/binfmt_misc.c; binfmt.d(5).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from envdoctor.core.errors import Unreadable

#: Where binfmt_misc belongs.
USUAL_PLACE = "/proc/sys/fs/binfmt_misc"

#: The kernel looks at this many bytes of a file (BINPRM_BUF_SIZE).
HEAD_SIZE = 256

_X86_64 = 62
_PROGRAM, _SHARED_OBJECT = 2, 3
_ENTRY_LINE = re.compile(r"(interpreter|offset|magic|mask|extension) (.+)")


class InterpreterState(enum.Enum):
    """Whether the kernel can start an entry's interpreter."""

    FINE = "fine"
    MISSING = "missing"
    NOT_EXECUTABLE = "not executable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinfmtEntry:
    """One registered format.

    Attributes:
        flags: P keeps the program's own argv[0], O hands over an open file, C takes credentials (set-uid) from the
            program, F opened the interpreter once and for all when it was registered.
        offset, magic, mask: bytes of a file's head that must agree with `magic` where `mask` has a bit.
        extension: for entries that go by a file name's ending; None otherwise.
        interpreter_state: of the file now at that path; with F, the kernel does not need it any more.

    Raises:
        Unreadable: the mask is not as long as the magic, which the kernel refuses (fs/binfmt_misc.c, create_entry).
    """

    name: str
    enabled: bool = True
    interpreter: str = ""
    flags: str = ""
    offset: int = 0
    magic: bytes = b""
    mask: bytes = b""
    extension: str | None = None
    interpreter_state: InterpreterState = InterpreterState.UNKNOWN

    def __post_init__(self) -> None:
        if self.mask and len(self.mask) != len(self.magic):
            what = f"a mask of {len(self.mask)} bytes for a magic of {len(self.magic)}"
            raise Unreadable(f"binfmt_misc entry {self.name}: {what}")

    def matches(self, head: bytes) -> bool:
        """Whether the kernel would give a file that begins so to this entry, were it enabled."""
        if self.extension is not None or not self.magic:
            return False
        part = head[:HEAD_SIZE][self.offset : self.offset + len(self.magic)]
        mask = self.mask or b"\xff" * len(self.magic)
        return len(part) == len(self.magic) and all(
            (a ^ b) & m == 0 for a, b, m in zip(part, self.magic, mask, strict=True)
        )

    @property
    def description(self) -> str:
        """Its state in a line, as the kernel's own words have it."""
        state = "enabled" if self.enabled else "disabled"
        return f"{state}, interpreter {self.interpreter}, flags {self.flags or 'none'}, magic {self.magic.hex()}"

    @property
    def fixed(self) -> bool:
        """F: the interpreter is held open, so containers, chroots and deletion don't matter."""
        return "F" in self.flags

    @property
    def interpreter_missing(self) -> bool:
        """The file that it names is not there."""
        return self.interpreter_state is InterpreterState.MISSING

    @property
    def interpreter_not_executable(self) -> bool:
        """The file that it names is there, but must not be executed."""
        return self.interpreter_state is InterpreterState.NOT_EXECUTABLE

    @property
    def startable(self) -> bool:
        """Whether the kernel can start the interpreter, as far as can be seen."""
        return self.fixed or self.interpreter_state in {InterpreterState.FINE, InterpreterState.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binfmt:
    """What binfmt_misc shows here.

    Attributes:
        known: False if the kernel has no binfmt_misc, nor a module of it that is loaded.
        mount_points: where it is mounted, as far as this process sees.
        enabled: the switch for all entries; None if nothing is mounted.
        entries: in the order in which the kernel tries them, the last registered first.
        unreadable: entries that could not be read, each with the reason.
    """

    known: bool = True
    mount_points: tuple[str, ...] = ()
    enabled: bool | None = None
    entries: tuple[BinfmtEntry, ...] = ()
    unreadable: tuple[str, ...] = ()

    def path(self, entry: BinfmtEntry) -> str:
        """The file that shows an entry."""
        return f"{self.mount_points[0] if self.mount_points else USUAL_PLACE}/{entry.name}"

    def matching(self, head: bytes) -> tuple[BinfmtEntry, ...]:
        """All entries whose pattern fits, enabled or not, in the kernel's order."""
        return tuple(entry for entry in self.entries if entry.matches(head))

    def handler(self, head: bytes) -> BinfmtEntry | None:
        """The entry that the kernel uses; None if there is none, or all are switched off."""
        if not self.enabled:
            return None
        return next((entry for entry in self.matching(head) if entry.enabled), None)


def x86_64_head(*, osabi: int = 0, shared: bool = True) -> bytes:
    """The first bytes of an x86_64 ELF program.

    Args:
        osabi: byte 7 of the identification: 0 for most programs, 3 (GNU) for a loader of glibc.
        shared: a position-independent program or a loader (ET_DYN) rather than ET_EXEC.
    """
    kind = _SHARED_OBJECT if shared else _PROGRAM
    return b"\x7fELF\x02\x01\x01" + bytes([osabi]) + bytes(8) + bytes([kind, 0, _X86_64, 0, 1, 0, 0, 0])


def parse_entry(name: str, text: str) -> BinfmtEntry:
    """One file below binfmt_misc.

    Raises:
        Unreadable: it is not what the kernel writes.
    """
    lines = text.splitlines()
    if not lines or lines[0] not in {"enabled", "disabled"}:
        raise Unreadable(f"binfmt_misc entry {name}: starts with neither 'enabled' nor 'disabled'")
    fields: dict[str, str] = {}
    flags = ""
    for line in lines[1:]:
        if line.startswith("flags:"):
            flags = line.partition(":")[2].strip()
        elif match := _ENTRY_LINE.fullmatch(line):
            fields[match.group(1)] = match.group(2)
        elif line.strip():
            raise Unreadable(f"binfmt_misc entry {name}: unknown line {line[:80]!r}")
    try:
        return BinfmtEntry(
            name=name,
            enabled=lines[0] == "enabled",
            interpreter=fields.get("interpreter", ""),
            flags=flags,
            offset=int(fields.get("offset", "0")),
            magic=bytes.fromhex(fields.get("magic", "")),
            mask=bytes.fromhex(fields.get("mask", "")),
            extension=fields.get("extension"),
        )
    except ValueError as error:
        raise Unreadable(f"binfmt_misc entry {name}: {error}") from error


def parse_registration(line: str) -> BinfmtEntry:
    r"""One line of binfmt.d(5) or of the register file: `:name:M:offset:magic:mask:interpreter:flags`, `\xNN` escaped.

    Raises:
        Unreadable: it is not such a line.
    """
    line = line.strip()
    parts = line[1:].split(line[:1]) if line else []
    if len(parts) != 7 or parts[1] not in {"M", "E"}:  # noqa: PLR2004  (the seven fields named above)
        raise Unreadable(f"no binfmt_misc registration: {line[:80]!r}")
    name, kind, offset, magic, mask, interpreter, flags = parts
    if kind == "E":
        return BinfmtEntry(name=name, interpreter=interpreter, flags=flags, extension=magic)
    if not re.fullmatch(r"[0-9]{0,4}", offset):
        raise Unreadable(f"no binfmt_misc registration: offset {offset[:20]!r}")
    return BinfmtEntry(
        name=name,
        interpreter=interpreter,
        flags=flags,
        offset=int(offset or "0"),
        magic=_unescape(magic),
        mask=_unescape(mask),
    )


def _unescape(text: str) -> bytes:
    def byte(match: re.Match[bytes]) -> bytes:
        return bytes.fromhex(match.group(1).decode())

    return re.sub(rb"\\x([0-9A-Fa-f]{2})", byte, text.encode("utf-8", "replace")).replace(b"\\\\", b"\\")


def parse_mount_points(mountinfo: str) -> tuple[str, ...]:
    """The mount points of binfmt_misc in /proc/self/mountinfo (proc_pid_mountinfo(5)), the usual one first."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if right.split(" ")[0] == "binfmt_misc" and len(fields) > 4:  # noqa: PLR2004  (the mount point is field 5)
            found.append(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), fields[4]))
    return tuple(sorted(dict.fromkeys(found), key=lambda point: point != USUAL_PLACE))
