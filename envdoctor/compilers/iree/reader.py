"""What a .vmfb file tells: what its code runs on, and what its functions take and give.

It is a flatbuffer `IREE` behind its own size, alone or as the member `module.fb` of a zip archive whose other members
are constants and ELF libraries. Functions carry their declarations as texts (`iree.abi.declaration`); what the code is
for is told by an executable's format (`embedded-elf-x86_64`) and the target's attributes, in the words for a device
that does not fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envdoctor.compilers.iree.whole import end_of_module, read_module
from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.bounded import open_zip
from envdoctor.support.fields import end_of_zip
from envdoctor.tflite.containers import stored_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.flatbuffer import Table

_MODULE, _IDENTIFIER = "module.fb", b"IREE"
_ZIP_HEADER, _ZIP_LENGTHS, _MOST = 30, 26, 64
#: Fields of BytecodeModuleDef (runtime/src/iree/schemas/bytecode_module_def.fbs of github.com/iree-org/iree).
_EXPORTS, _SIGNATURES, _VERSION = 7, 8, 13
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
        words = "the tables of its module and the places of all its parts"
        root = read_module(fields.data, 0, len(fields))
        fields.require_size(end_of_module(root, fields.data))
        return _identity(root, fields.data, (), checked=words)
    if not fields.starts(b"PK\x03\x04") or bytes(fields.data[: 1 << 10]).find(_MODULE.encode()) < 0:
        return None
    with open_zip(path) as archive:
        member = next((member for member in archive.members if member.filename == _MODULE), None)
        if member is None:
            return None
        archive.verify()
        fields.require_size(end_of_zip(fields.data))
        module = stored_member(path, fields.data, member)
        names = [each.filename for each in archive.members if each.filename.endswith(".so")][:_MOST]
        heads = [archive.head(name, 64) for name in names]
    if not all(head.startswith(_ELF) for head in heads):
        raise Unreadable("the code of an executable is no ELF library")
    place = member.header_offset + _ZIP_HEADER + sum(fields.numbers(member.header_offset + _ZIP_LENGTHS, 2, 2))
    root = read_module(fields.data, place, len(module))
    words = "the checksums of all its members and the tables of its module"
    return _identity(root, module, heads, checked=words, summed=True)


def _identity(root: Table, module: memoryview, libraries: Iterable[bytes], **how: Any) -> FileIdentity:  # noqa: ANN401
    declared = next(filter(None, map(_DECLARATION.match, _declarations(root))), None)
    triples = _unique(match["triple"] for match in _TRIPLE.finditer(module))
    formats = _unique(word.strip() for match in _FORMATS.finditer(module) for word in match["formats"].split(b","))
    chips = triples or formats or tuple(sorted({_machine(head) for head in libraries}))
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
        **how,
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


def _unique(words: Iterator[bytes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.decode("utf-8", "replace") for word in words))[:_MOST]


def _machine(head: bytes) -> str:
    number = int.from_bytes(head[_MACHINE_AT : _MACHINE_AT + 2], "little")
    return _MACHINES.get(number, f"ELF machine {number}")


def _values(declared: str) -> tuple[str, ...]:
    return tuple(f"{match['name']} {match['type']}" for match in _VALUE.finditer(declared))[:_MOST]
