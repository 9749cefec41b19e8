"""Builds the smallest native files that a loader would accept, byte by byte, so that each test says what is in them."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_versions import elf_hash
from needs import C_COMPILER, needs

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 0x10000


def elf_bytes(
    needed=(),
    *,
    soname=None,
    rpath=None,
    runpath=None,
    versions=None,
    defines=(),
    machine=62,
    wide=True,
    little=True,
    kind=3,
    interpreter=None,
    flags_1=0,
    stack_flags=6,
    shift=0,
    extra_tags=(),
    filler=b"",
):
    """An ELF shared library of one loaded segment.

    `versions` maps a needed library to the versions asked of it; `shift` is p_vaddr - p_offset of the segment; `filler`
    is put between the tables and the dynamic section, where a real file has its code.
    """
    order = "<" if little else ">"
    strings = bytearray(b"\0")

    def text(value):
        strings.extend(value.encode() + b"\0")
        return len(strings) - len(value.encode()) - 1

    tags = [(1, text(name)) for name in needed]
    tags += [(tag, text(value)) for tag, value in ((14, soname), (15, rpath), (29, runpath)) if value is not None]
    tags += [(tag, text(value) if isinstance(value, str) else value) for tag, value in extra_tags]
    need_table, definition_table = (
        _version_needs(versions or {}, text, order),
        _version_definitions(defines, text, order),
    )
    header_size, segment_size = (64, 56) if wide else (52, 32)
    count = 3 + bool(interpreter)
    place = header_size + count * segment_size
    interpreter_bytes = interpreter.encode() + b"\0" if interpreter else b""
    hash_at = place + len(interpreter_bytes) + -(place + len(interpreter_bytes)) % 4
    hash_table = struct.pack(order + "IIQ", 1, 1, 0)  # of the one symbol that is none; its version behind it
    strings_at = hash_at + len(hash_table)
    needs_at = strings_at + len(strings) + (-len(strings) - strings_at) % 8
    definitions_at = needs_at + len(need_table)
    dynamic_at = definitions_at + len(definition_table) + len(filler)
    dynamic_at += -dynamic_at % 8
    tags += [(4, hash_at + shift), (5, strings_at + shift), (6, shift), (10, len(strings)), (11, 24 if wide else 16)]
    tags += [(0x6FFFFFF0, hash_at + 8 + shift)] if versions or defines else []
    tags += [(0x6FFFFFFB, flags_1)] if flags_1 else []
    tags += [(0x6FFFFFFE, needs_at + shift), (0x6FFFFFFF, len(versions))] if versions else []
    tags += [(0x6FFFFFFC, definitions_at + shift), (0x6FFFFFFD, len(defines))] if defines else []
    tag_format = order + ("QQ" if wide else "II")
    dynamic = b"".join(struct.pack(tag_format, *tag) for tag in [*tags, (0, 0), (0, 0)])
    end = dynamic_at + len(dynamic)
    segments = [
        (1, 5, 0, shift, end, PAGE),
        (2, 6, dynamic_at, dynamic_at + shift, len(dynamic), 8),
        (0x6474E551, stack_flags, 0, 0, 0, 16),
    ]
    segments += [(3, 4, place, place + shift, len(interpreter_bytes), 1)] if interpreter else []
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2, 1]) + bytes(9)
    fields = (kind, machine, 1, 0, header_size, 0, 0, header_size, segment_size, count, 64, 0, 0)
    head = ident + struct.pack(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), *fields)
    body = bytearray(end)
    table = b"".join(_segment(order, wide, row) for row in segments)
    early = ((0, head + table), (place, interpreter_bytes), (hash_at, hash_table), (strings_at, strings))
    for offset, part in (*early, (needs_at, need_table)):
        body[offset : offset + len(part)] = part
    for offset, part in ((definitions_at, definition_table + filler), (dynamic_at, dynamic)):
        body[offset : offset + len(part)] = part
    return bytes(body)


def with_processor_level(level):
    """An ELF module for x86_64 that says in its properties which level it needs, by all bits up to it."""
    note = struct.pack("<III4sIII4x", 4, 16, 5, b"GNU\0", 0xC0008002, 4, (1 << level) - 1)
    data = bytearray(elf_bytes(("libc.so.6",), filler=note))
    last = 64 + 2 * 56  # the program header of the stack
    data[last : last + 56] = _segment("<", True, (0x6474E553, 4, data.find(note), data.find(note), len(note), 8))
    return bytes(data)


def _segment(order, wide, row):
    kind, flags, offset, address, size, alignment = row
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, flags, offset, address, address, size, size, alignment)
    return struct.pack(order + "IIIIIIII", kind, offset, address, address, size, size, flags, alignment)


def _version_needs(versions, text, order):
    table = b""
    for number, (file, names) in enumerate(versions.items(), 1):
        last = number == len(versions)
        size = 16 * (1 + len(names))
        table += struct.pack(order + "HHIII", 1, len(names), text(file), 16, 0 if last else size)
        for index, name in enumerate(names, 1):
            table += struct.pack(
                order + "IHHII", elf_hash(name), 0, index + 1, text(name), 0 if index == len(names) else 16
            )
    return table


def _version_definitions(names, text, order):
    rows = (
        struct.pack(order + "HHHHIII", 1, 0, index, 1, elf_hash(name), 20, 0 if index == len(names) else 28)
        + struct.pack(order + "II", text(name), 0)
        for index, name in enumerate(names, 1)
    )
    return b"".join(rows)


MACHO_PROCESSORS = {"arm64": (0x0100000C, 0), "x86_64": (0x01000007, 3), "arm64e": (0x0100000C, 2), "i386": (7, 3)}
LOAD, WEAK, REEXPORT, UPWARD, LAZY, ID, RPATH = 0xC, 0x80000018, 0x8000001F, 0x80000023, 0x20, 0xD, 0x8000001C


def macho_bytes(
    needed=("/usr/lib/libSystem.B.dylib",),
    *,
    architecture="arm64",
    install_name=None,
    rpaths=(),
    minimum_os=(12, 0, 0),
    old_style=False,
    kind=6,
    commands=(),
    size=0,
    signed=True,
):
    """A thin Mach-O file; `needed` holds names or (command, name) pairs, `commands` further raw commands.

    The signature of one for ARM is empty, so that nothing can be told from it.
    """
    wide = architecture != "i386"
    rows = [macho_name(ID, install_name)] if install_name else []
    rows += [macho_name(*(need if isinstance(need, tuple) else (LOAD, need))) for need in needed]
    rows += [macho_name(RPATH, path) for path in rpaths]
    if minimum_os:
        version = minimum_os[0] << 16 | minimum_os[1] << 8 | minimum_os[2]
        rows.append(
            struct.pack("<IIII", 0x24, 16, version, 0)
            if old_style
            else struct.pack("<IIIIII", 0x32, 24, 1, version, version, 0)
        )
    rows += commands
    rows += [struct.pack("<IIII", 0x1D, 16, 0, 0)] if signed and architecture == "arm64" else []
    table = b"".join(rows)
    processor, subtype = MACHO_PROCESSORS[architecture]
    head = struct.pack(
        "<IIIIIII", 0xFEEDFACF if wide else 0xFEEDFACE, processor, subtype, kind, len(rows), len(table), 0
    )
    data = head + (bytes(4) if wide else b"") + table
    return data + bytes(max(0, size - len(data)))


def with_symbols(make, symbols, *, flags=0x80, **options):
    """A thin Mach-O file with undefined symbols, each (name, library ordinal), or with (type, flags) too."""
    strings, rows = b"\0", b""
    for name, ordinal, *more in symbols:
        kind, description = more or (0x01, 0)
        rows += struct.pack("<IBBHQ", len(strings), kind, 0, ordinal << 8 | description, 0)
        strings += name.encode() + b"\0"
    start = len(make(commands=(bytes(24),), **options))
    table = struct.pack("<IIIIII", 0x02, 24, start, len(symbols), start + len(rows), len(strings))
    data = bytearray(make(commands=(table,), **options) + rows + strings)
    data[24:28] = struct.pack("<I", flags)
    return bytes(data)


def macho_name(command, name):
    """A load command whose only variable part is a string: LC_RPATH's layout, or that of the dylib commands."""
    fixed = 12 if command == RPATH else 24
    body = name.encode() + b"\0"
    size = fixed + len(body) + (-fixed - len(body)) % 8
    middle = b"" if command == RPATH else struct.pack("<III", 2, 0x10000, 0x10000)
    return (struct.pack("<III", command, size, fixed) + middle + body).ljust(size, b"\0")


def universal_bytes(**slices):
    """A universal file of thin files by architecture, each at a page boundary."""
    rows, body, place = b"", b"", 0x4000
    for architecture, data in slices.items():
        processor, subtype = MACHO_PROCESSORS[architecture]
        rows += struct.pack(">IIIII", processor, subtype, place, len(data), 14)
        body = body.ljust(place - 0x4000, b"\0") + data
        place += len(data) + -len(data) % 0x4000
    head = struct.pack(">II", 0xCAFEBABE, len(slices)) + rows
    return head.ljust(0x4000, b"\0") + body


def pe_bytes(needed=("KERNEL32.dll",), *, delayed=(), machine=0x8664, is_dll=True, hybrid=False, filler=b""):
    """A PE32+ file (PE32 for machine 0x14c) of two sections: `filler` as code, then the import tables."""
    wide = machine != 0x14C
    optional_size = (112 if wide else 96) + 16 * 8
    code_size = len(filler) + -len(filler) % 0x200 or 0x200
    address, offset = 0x1000 + code_size + -code_size % 0x1000, 0x400 + code_size
    table, names = b"", b""
    thunks_at = address + 20 * (len(needed) + 1) + 32 * (len(delayed) + 1)
    names_at = thunks_at + 16
    for name in needed:
        table += struct.pack("<IIIII", thunks_at, 0, 0, names_at + len(names), thunks_at)
        names += name.encode() + b"\0"
    table += bytes(20)
    for name in delayed:
        table += struct.pack("<IIIIIIII", 1, names_at + len(names), 0, 0x1000, 0x1000, 0, 0, 0)
        names += name.encode() + b"\0"
    configuration_at = names_at + len(names)
    thunks = struct.pack("<QQ", 1 << 63 | 1, 0) if wide else struct.pack("<IIQ", 1 << 31 | 1, 0, 0)
    data = table + bytes(32) + thunks + names + bytes(200) + (b"\1" * 8 if hybrid else bytes(8))
    directories = [(0, 0)] * 16
    directories[1] = (address, 20 * (len(needed) + 1)) if needed else (0, 0)
    directories[13] = (address + 20 * (len(needed) + 1), 32) if delayed else (0, 0)
    directories[10] = (configuration_at, 208) if hybrid else (0, 0)
    optional = bytearray(optional_size)
    struct.pack_into("<HBBI", optional, 0, 0x20B if wide else 0x10B, 14, 0, len(filler))
    struct.pack_into("<Q" if wide else "<I", optional, 24 if wide else 28, 0x180000000 if wide else 0x10000000)
    struct.pack_into("<HH", optional, 48, 6, 0)
    struct.pack_into("<I", optional, 60, 0x400)
    struct.pack_into("<I", optional, optional_size - 16 * 8 - 4, 16)
    for index, row in enumerate(directories):
        struct.pack_into("<II", optional, optional_size - 16 * 8 + 8 * index, *row)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", machine, 2, 0, 0, 0, optional_size, 0x2022 if is_dll else 0x22) + optional
    head += struct.pack("<8sIIIIIIHHI", b".text", code_size, 0x1000, code_size, 0x400, 0, 0, 0, 0, 0x60000020)
    head += struct.pack("<8sIIIIIIHHI", b".rdata", len(data), address, len(data), offset, 0, 0, 0, 0, 0x40000040)
    return head.ljust(0x400, b"\0") + filler.ljust(code_size, b"\0") + data


def rename_version(code, old, new):
    """Compiled code that names another version, and its hash, in place of one that is no shorter."""
    hashes = [struct.pack("<I", elf_hash(name.decode())) for name in (old, new)]
    return code.replace(old + b"\0", new.ljust(len(old) + 1, b"\0")).replace(*hashes)


def build_library(path: Path, source: str = "", *options: str) -> Path:
    """Compiles C into a shared library; skips the test where there is no compiler."""
    command = [needs(C_COMPILER), "-shared", "-fPIC", "-x", "c", "-", "-o", str(path), "-x", "none", *options]
    subprocess.run(command, input=source, text=True, check=True, timeout=60)
    return path


def with_sections(elf, sections):
    """A little-endian ELF file of 64 bits with section headers, (name, size) each, that no loader reads."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, _ in sections) + b".shstrtab\0"
    rows, offset = [struct.pack("<IIQQQQIIQQ", *[0] * 10)], len(elf) + len(names)
    for name, size in sections:
        rows.append(struct.pack("<IIQQQQIIQQ", names.index(name.encode()), 1, 0, 0, offset, size, 0, 0, 1, 0))
    last = names.index(b".shstrtab"), 3, 0, 0, len(elf), len(names), 0, 0, 1, 0
    rows.append(struct.pack("<IIQQQQIIQQ", *last))
    head = elf[:40] + struct.pack("<Q", offset) + elf[48:58] + struct.pack("<HHH", 64, len(rows), len(rows) - 1)
    return head + elf[64:] + names + b"".join(rows)
