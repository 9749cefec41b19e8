"""Relocations that do not fit their file: what glibc's loader dies of or refuses is damage, and no real one is."""

import ctypes
import io
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from envdoctor.binaries.elf_relocations import check_relocations
from envdoctor.binaries.files import FileBytes
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from extensions import compile_module
from thoroughness import amount

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files and loads them")
HEAD = """
int number = 3;
int *pointer = &number;
__thread int local = 1;
int own(int x) { return x + *pointer + local; }
__attribute__((constructor)) static void begin(void) { own(1); }
"""
ROW, SYMBOL = struct.Struct("<QQq"), struct.Struct("<IBBHQQ")
DATA_64, GLOBAL_DATA, RELATIVE = 1, 6, 8
INIT_ARRAY = 25


@pytest.fixture
def module(tmp_path):
    """The bytes of a sound module of this machine, and its sections."""
    data = compile_module(tmp_path, "m", head=HEAD, flags=("-Wl,--hash-style=gnu", "-Wl,-z,now"))
    file = ELFFile(io.BytesIO(data))
    if file["e_machine"] != "EM_X86_64":
        pytest.skip("changes relocations of x86-64")
    return sections_of(data)


@pytest.fixture
def older(tmp_path, module):
    """The same with the older hash table and versions."""
    (tmp_path / "versions").write_text("OWN_1 { global: *; };\n")
    flags = ("-Wl,--hash-style=sysv", f"-Wl,--version-script={tmp_path}/versions")
    return sections_of(compile_module(tmp_path, "m", head=HEAD, flags=flags))


def sections_of(data):
    return bytearray(data), {section.name: section for section in ELFFile(io.BytesIO(data)).iter_sections()}


def rows_of(module):
    data, sections = module
    start, size = sections[".rela.dyn"]["sh_offset"], sections[".rela.dyn"]["sh_size"]
    return [(place, *ROW.unpack_from(data, place)) for place in range(start, start + size, ROW.size)]


def first(module, kind):
    """The place and the three fields of the first relocation of a type."""
    return next(row for row in rows_of(module) if row[2] & 0xFFFFFFFF == kind)


def unknown_type(module):
    place, offset, info, addend = first(module, GLOBAL_DATA)
    ROW.pack_into(module[0], place, offset, info | 0xF0, addend)


def no_relative(module):
    place, offset, info, addend = first(module, RELATIVE)
    ROW.pack_into(module[0], place, offset, info - RELATIVE + DATA_64, addend)


def into_code(module):
    place, _, info, addend = first(module, RELATIVE)
    ROW.pack_into(module[0], place, module[1][".text"]["sh_addr"], info, addend)


def outside(module):
    place, _, info, addend = first(module, GLOBAL_DATA)
    ROW.pack_into(module[0], place, 0x7000_0000_0000, info, addend)


def no_symbol(module):
    place, offset, _, addend = first(module, GLOBAL_DATA)
    ROW.pack_into(module[0], place, offset, 0x7FFF_FFFF << 32 | GLOBAL_DATA, addend)


def beginning_in_data(module):
    start = module[1][".init_array"]["sh_addr"]
    place, offset, info, _ = next(row for row in rows_of(module) if start <= row[1] < start + 8)
    ROW.pack_into(module[0], place, offset, info, module[1][".data"]["sh_addr"])


def odd_array(module):
    """DT_INIT_ARRAY leads into the file's header."""
    dynamic = module[1][".dynamic"]["sh_offset"]
    rows = range(dynamic, dynamic + module[1][".dynamic"]["sh_size"], 16)
    place = next(row for row in rows if struct.unpack_from("<Q", module[0], row)[0] == INIT_ARRAY)
    struct.pack_into("<Q", module[0], place + 8, 2)


def array_not_relocated(module):
    """The loader calls the function at the address that the file holds, wherever it was loaded."""
    start = module[1][".init_array"]["sh_addr"]
    place, _, info, addend = next(row for row in rows_of(module) if start <= row[1] < start + 8)
    ROW.pack_into(module[0], place, module[1][".data"]["sh_addr"], info, addend)


def name_outside(module):
    symbols = module[1][".dynsym"]
    place = symbols["sh_offset"] + (first(module, GLOBAL_DATA)[2] >> 32) * SYMBOL.size
    struct.pack_into("<I", module[0], place, 0x7FFF_0000)


def empty_hash_table(module):
    """The library's own names are found nowhere."""
    section = module[1][".gnu.hash"]
    buckets, _, masks, _ = struct.unpack_from("<IIII", module[0], section["sh_offset"])
    start = section["sh_offset"] + 16 + 8 * masks
    module[0][start : start + 4 * buckets] = bytes(4 * buckets)


def thread_local_name_lost(module):
    """Thread-local data may be at 0, and is found by its name all the same."""
    section = module[1][".gnu.hash"]
    end = section["sh_offset"] + section["sh_size"]
    start = end - 4 * (
        module[1][".dynsym"].num_symbols() - struct.unpack_from("<I", module[0], section["sh_offset"] + 4)[0]
    )
    for place in range(start, end, 4):
        module[0][place] ^= 0xF0


def chain_of_what_is_not_hashed(module):
    section = module[1][".gnu.hash"]
    _, first_hashed, masks, _ = struct.unpack_from("<IIII", module[0], section["sh_offset"])
    struct.pack_into("<I", module[0], section["sh_offset"] + 16 + 8 * masks, first_hashed - 1)


def unknown_version(older):
    info = first(older, GLOBAL_DATA)[2]
    struct.pack_into("<H", older[0], older[1][".gnu.version"]["sh_offset"] + 2 * (info >> 32), 0x7FFD)


def chain_outside(older):
    section = older[1][".hash"]
    buckets, _ = struct.unpack_from("<II", older[0], section["sh_offset"])
    older[0][section["sh_offset"] + 8 : section["sh_offset"] + 8 + 4 * buckets] = b"\xff\xff\xff\x7f" * buckets


DAMAGE = {
    unknown_type: "unknown type",
    no_relative: "said to be relative",
    into_code: "in no segment to be written to",
    outside: "in no segment to be written to",
    no_symbol: "which is not there",
    beginning_in_data: "is no code",
    odd_array: "which is not aligned",
    array_not_relocated: "not all are relocated",
    name_outside: "outside the names",
    empty_hash_table: "does not lead to the file's own",
    thread_local_name_lost: "does not lead to the file's own",
}
OLDER_DAMAGE = {unknown_version: "version 32765, which is not there", chain_outside: "a symbol which is not there"}


def loads(path):
    code = f"import ctypes, os; ctypes.CDLL({str(path)!r}, mode=os.RTLD_NOW | os.RTLD_GLOBAL)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_a_sound_file_passes(module, tmp_path):
    (tmp_path / "m.so").write_bytes(module[0])
    check_relocations(MemoryBytes(bytes(module[0])))
    assert loads(tmp_path / "m.so")


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "words"), DAMAGE.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_what_the_loader_refuses_is_damage(module, tmp_path, damage, words):
    damage(module)
    (tmp_path / "m.so").write_bytes(module[0])
    with pytest.raises(Unreadable, match=words):
        check_relocations(MemoryBytes(bytes(module[0])))
    assert not loads(tmp_path / "m.so")


def test_a_chain_of_what_is_not_hashed_is_damage(module):
    """Where the loader's search ends then is chance."""
    chain_of_what_is_not_hashed(module)
    with pytest.raises(Unreadable, match="that are not hashed"):
        check_relocations(MemoryBytes(bytes(module[0])))


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "words"), OLDER_DAMAGE.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_nor_with_older_tables(older, tmp_path, damage, words):
    check_relocations(MemoryBytes(bytes(older[0])))
    damage(older)
    (tmp_path / "m.so").write_bytes(older[0])
    with pytest.raises(Unreadable, match=words):
        check_relocations(MemoryBytes(bytes(older[0])))
    assert not loads(tmp_path / "m.so")


@pytest.mark.slow
def test_installed_libraries_pass():
    """Every library that this process has mapped was loaded, whatever is odd about it."""
    files = [Path(sys.executable), *Path(ctypes.__file__).parents[1].glob("lib-dynload/*.so")]
    files += sorted(Path("/usr/lib").glob("*/lib*.so.*"))[:: 400 // amount(400)]
    for path in files:
        with FileBytes(str(path)) as source:
            if source.read_at(0, 4) == b"\x7fELF":
                check_relocations(source)
