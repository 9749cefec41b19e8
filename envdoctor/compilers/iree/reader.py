"""What a .vmfb file tells: what its code runs on, and what its functions take and give.

It is a flatbuffer `IREE` behind its own size, alone or as the member `module.fb` of a zip archive whose other members
are constants and ELF libraries. Functions carry their declarations as texts (`iree.abi.declaration`); what the code is
for is told by an executable's format (`embedded-elf-x86_64`) and the target's attributes, in the words for a device
that does not fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.bounded import open_zip
from envdoctor.tflite.flatbuffer import FlatBuffer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.flatbuffer import Table

_MODULE, _IDENTIFIER = "module.fb", b"IREE"
_LARGEST, _MOST = 1 << 30, 64
#: Fields of BytecodeModuleDef (runtime/src/iree/schemas/bytecode_module_def.fbs of github.com/iree-org/iree).
_EXPORTS, _SIGNATURES, _RODATA, _VERSION, _BYTECODE, _ALIGNMENT = 7, 8, 9, 13, 14, 64
_DECLARATION = re.compile(
    r"(?:a?sync )?func @[\w.$-]{1,200}\((?P<takes>.{0,4000}?)\) -> \((?P<gives>.{0,4000}?)\)$", re.DOTALL
)
_VALUE = re.compile(r"%(?P<name>[\w.$-]+): (?P<type>!?[\w.]+(?:<[^<>]*>)?)")
_TRIPLE = re.compile(rb'target_triple = "(?P<triple>[\w.-]{1,100})"')
_FORMATS = re.compile(rb"available formats: \[(?P<formats>[\w., -]{1,400})\]")
_MACHINE_AT, _ELF = 18, b"\x7fELF"
_MACHINES = {62: "x86_64", 183: "aarch64", 243: "riscv", 40: "arm", 3: "i386", 164: "hexagon"}


def read_vmfb(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .vmfb file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    if fields.starts(_IDENTIFIER, 8):
        return _identity(bytes(fields.data), {}, "the places of all its parts lie within the file", alone=True)
    if not fields.starts(b"PK\x03\x04") or bytes(fields.data[: 1 << 10]).find(_MODULE.encode()) < 0:
        return None
    with open_zip(path) as archive:
        names = [member.filename for member in archive.members]
        if _MODULE not in names:
            return None
        archive.verify()
        module = archive.read(_MODULE, _LARGEST)
        machines = {name: archive.head(name, 64) for name in names[:_MOST] if name.endswith(".so")}
    return _identity(module, machines, "the checksums of all its members")


def _identity(module: bytes, libraries: dict[str, bytes], checked: str, *, alone: bool = False) -> FileIdentity:
    if module[8:12] != _IDENTIFIER:
        raise Unreadable(f"bytes 8 to 12 of its module are {module[8:12]!r}, not {_IDENTIFIER!r}")
    size = int.from_bytes(module[:4], "little")
    if size > len(module):
        raise Unreadable(f"it is cut short: its module has {len(module):,} bytes of {size:,}")
    root = FlatBuffer(memoryview(module)[4 : size + 4]).root()
    _require_segments(root, size, len(module) if alone else None)
    declared = next(filter(None, map(_DECLARATION.match, _declarations(root))), None)
    triples = _unique(match["triple"] for match in _TRIPLE.finditer(module))
    formats = _unique(word.strip() for match in _FORMATS.finditer(module) for word in match["formats"].split(b","))
    chips = triples or formats or tuple(sorted({_machine(head) for head in libraries.values()}))
    version = root.integer(_VERSION, "I")
    return identity_of(
        "vmfb",
        chip=", ".join(chips),
        targets=tuple(dict.fromkeys(triple.partition("-")[0] for triple in triples)),
        inputs=None if declared is None else _values(declared["takes"]),
        outputs=None if declared is None else _values(declared["gives"]),
        details=(
            f"functions {', '.join(_functions(root))}",
            f"bytecode version {version >> 16}.{version & 0xFFFF}",
            *(f"executable format {word}" for word in formats),
        ),
        checked=checked,
    )


def _functions(root: Table) -> tuple[str, ...]:
    names = tuple(table.string(0) or "" for table in root.tables(_EXPORTS))[:_MOST]
    if not names:
        raise Unreadable("its module exports no function")
    return tuple(name for name in names if not name.startswith("__"))


def _declarations(root: Table) -> Iterator[str]:
    for signature in root.tables(_SIGNATURES):
        for attribute in signature.tables(1):
            if attribute.string(0) == "iree.abi.declaration":
                yield attribute.string(1) or ""


def _require_segments(root: Table, size: int, whole: int | None) -> None:
    """Holds the places of constants and code against the file's end; None where they are members of an archive.

    Raises:
        Unreadable: one is not there.
    """
    if not root.raw(_BYTECODE):
        raise Unreadable("its module has no code")
    behind = -(-size // _ALIGNMENT) * _ALIGNMENT
    for segment in root.tables(_RODATA):
        segment.raw(2)
        end = behind + segment.integer(3, "Q") + segment.integer(4, "Q")
        if segment.integer(4, "Q") and whole is not None and end > whole:
            raise Unreadable(f"it is cut short: a constant or an executable ends at byte {end:,} of {whole:,}")


def _unique(words: Iterator[bytes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.decode("utf-8", "replace") for word in words))[:_MOST]


def _machine(head: bytes) -> str:
    if not head.startswith(_ELF):
        return "no ELF library"
    number = int.from_bytes(head[_MACHINE_AT : _MACHINE_AT + 2], "little")
    return _MACHINES.get(number, f"ELF machine {number}")


def _values(declared: str) -> tuple[str, ...]:
    return tuple(f"{match['name']} {match['type']}" for match in _VALUE.finditer(declared))[:_MOST]
