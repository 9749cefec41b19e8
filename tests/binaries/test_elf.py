"""The ELF reader against files of known content, pyelftools, gcc's output and damage."""

import struct
import sys
import sysconfig
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.binaries.elf import read_elf, read_version_definitions
from envdoctor.binaries.elf_versions import elf_hash
from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.library import BinaryFormat, Need, NeedKind, NotLoadable, VersionNeed
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import build_library, elf_bytes
from thoroughness import amount

VERSIONS = {"libc.so.6": ("GLIBC_2.17", "GLIBC_2.2.5"), "libstdc++.so.6": ("GLIBCXX_3.4.21", "CXXABI_1.3.9")}
NEEDED = ("libstdc++.so.6", "libc.so.6")
SAMPLE = elf_bytes(NEEDED, soname="libx.so.1", runpath="$ORIGIN/../x.libs:/opt/x", versions=VERSIONS)
PROCESSORS = [
    (62, True, True, "x86_64"),
    (183, True, True, "aarch64"),
    (3, False, True, "i686"),
    (40, False, True, "armv7l"),
]
PROCESSORS += [(22, True, False, "s390x"), (21, True, True, "ppc64le"), (243, True, True, "riscv64")]


def read(data):
    return read_elf(MemoryBytes(data))


@pytest.mark.parametrize(("machine", "wide", "little", "architecture"), PROCESSORS)
def test_every_class_and_byte_order_is_read_alike(machine, wide, little, architecture):
    library = read(elf_bytes(NEEDED, soname="libx.so", versions=VERSIONS, machine=machine, wide=wide, little=little))
    assert library.format is BinaryFormat.ELF
    assert library.architectures == (architecture,)
    assert [need.name for need in library.needed] == list(NEEDED)
    assert library.own_name == "libx.so"
    assert (library.glibc, library.glibcxx, library.newest_version("CXXABI")) == ((2, 17), (3, 4, 21), (1, 3, 9))


def test_versions_say_which_library_must_define_them():
    assert VersionNeed(file="libstdc++.so.6", version="CXXABI_1.3.9") in read(SAMPLE).versions


def test_rpath_and_runpath_are_kept_apart():
    library = read(elf_bytes(rpath="$ORIGIN/../a.libs:/opt/a"))
    assert (library.rpath, library.runpath) == (("$ORIGIN/../a.libs", "/opt/a"), ())
    assert read(SAMPLE).runpath == ("$ORIGIN/../x.libs", "/opt/x")


@pytest.mark.parametrize(("fields", "is_empty"), [({}, False), ({"runpath": ""}, True), ({"runpath": "/a"}, False)])
def test_an_empty_runpath_is_known(fields, is_empty):
    library = read(elf_bytes(rpath="/r", **fields))
    assert library.has_empty_runpath is is_empty
    assert library.rpath == (("/r",) if not fields else ())


def test_rpath_does_not_count_beside_a_runpath():
    library = read(elf_bytes(rpath="/a", runpath="/b"))
    assert (library.rpath, library.runpath) == ((), ("/b",))


@pytest.mark.parametrize(("path", "directories"), [("", ()), ("/a::/b", ("/a", ".", "/b"))])
def test_an_empty_directory_is_the_working_directory_and_an_empty_path_is_none(path, directories):
    assert read(elf_bytes(runpath=path)).runpath == directories


def test_filters_are_needed_and_auxiliary_filters_are_not():
    library = read(elf_bytes(("liba.so",), extra_tags=((0x7FFFFFFF, "libf.so"), (0x7FFFFFFD, "libx.so"))))
    assert library.needed[1:] == (Need(name="libf.so"), Need(name="libx.so", kind=NeedKind.WEAK))


@pytest.mark.parametrize(
    ("shift", "alignment"), [(0, 65536), (0x1000, 4096), (0x4000, 16384), (0x800, 2048), (0x24000, 16384)]
)
def test_segment_alignment_is_of_address_minus_offset(shift, alignment):
    library = read(elf_bytes(NEEDED, shift=shift))
    assert (library.segment_alignment, library.declared_alignment) == (alignment, 65536)
    assert library.loads_with_page_size(alignment)
    assert not library.loads_with_page_size(alignment * 2) or alignment == 65536


def test_a_stack_that_must_be_executable_is_seen():
    assert read(elf_bytes(stack_flags=7)).executable_stack is True
    assert read(SAMPLE).executable_stack is False


def test_programs_and_their_interpreter():
    program = read(elf_bytes(("libc.so.6",), kind=2, interpreter="/lib64/ld-linux-x86-64.so.2"))
    assert program.is_program
    assert program.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert read(elf_bytes(("libc.so.6",), flags_1=0x08000000)).is_program
    assert not read(SAMPLE).is_program


def test_nodefaultlib_is_seen():
    assert read(elf_bytes(flags_1=0x800)).skips_default_directories


def test_defined_versions_are_listed():
    source = MemoryBytes(elf_bytes(("libc.so.6",), defines=("libx.so.1", "X_1.0", "X_1.1")))
    assert read_version_definitions(source) == ("libx.so.1", "X_1.0", "X_1.1")


@pytest.mark.parametrize(("kind", "machine"), [(1, 62), (4, 62), (3, 190), (3, 247), (3, 164)])
def test_what_no_loader_maps_is_told_apart_from_damage(kind, machine):
    with pytest.raises(NotLoadable, match="not a library"):
        read(elf_bytes(NEEDED, kind=kind, machine=machine))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "outside the file"),
        (b"\x7fELF" + bytes(60), "identification"),
        (SAMPLE[:300], "outside the file"),
        (SAMPLE[:-32], "outside the file"),
        (elf_bytes(NEEDED, machine=9999), "machine 9999"),
        (elf_bytes(NEEDED, extra_tags=((14, "a"), (14, "b"))), "repeats the tag 0xe"),
        (elf_bytes(NEEDED, extra_tags=((0x1234, 1),)), "unknown tag 0x1234"),
        (elf_bytes(NEEDED, extra_tags=((12, 0x10000000),)), "is no code"),
        (elf_bytes(NEEDED, extra_tags=((0, 0),)), "goes on after its end"),
        (elf_bytes(("libc.so.6",), versions=VERSIONS), "does not need"),
        (elf_bytes(("lib\x1b[31mred.so",)), "printable"),
        (elf_bytes(("",)), "without a name"),
        (SAMPLE.replace(b"\x02\0\0\0\x06\0\0\0", b"\x09\0\0\0\x06\0\0\0"), "without a dynamic section"),
    ],
)
def test_what_cannot_be_read_is_never_empty(data, reason):
    with pytest.raises(Unreadable, match=reason):
        read(data)


def test_a_loop_in_the_version_table_ends():
    table = bytearray(SAMPLE)
    start = SAMPLE.index(b"\x01\0\x02\0")
    table[start + 12 : start + 16] = b"\0\0\0\0"
    with pytest.raises(Unreadable, match="overlaps itself"):
        read(bytes(table))


VERSIONED = elf_bytes(NEEDED, soname="libx.so.1", versions=VERSIONS, defines=("libx.so.1", "X_1.0"))
NEED_AT, DEFINITION_AT = VERSIONED.index(b"\x01\0\x02\0"), VERSIONED.index(b"\x01\0\0\0\x01\0\x01\0")
SEGMENT_AT = 64  # the loaded one


def changed(place, layout, value, data=VERSIONED):
    return data[:place] + struct.pack(layout, value) + data[place + struct.calcsize(layout) :]


def with_tag(tag, value, *, new=None):
    """The sample with another value of a tag in its dynamic section, or another tag in its place."""
    place = next(at for at in range(0, len(VERSIONED) - 16, 8) if VERSIONED[at : at + 8] == struct.pack("<Q", tag))
    return VERSIONED[:place] + struct.pack("<QQ", tag if new is None else new, value) + VERSIONED[place + 16 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (changed(NEED_AT, "<H", 0), "unknown version 0"),
        (changed(NEED_AT, "<H", 2), "unknown version 2"),
        (changed(NEED_AT + 2, "<H", 0), "without an entry"),
        (changed(NEED_AT + 2, "<H", 3), "before or after its count"),
        (changed(NEED_AT + 16, "<I", 7), "not that of its hash"),
        (changed(DEFINITION_AT, "<H", 3), "unknown version 3"),
        (changed(DEFINITION_AT + 8, "<I", 7), "not that of its hash"),
        (with_tag(0x6FFFFFFF, 1), "before or after its count"),
        (with_tag(0x6FFFFFFF, 3), "before or after its count"),
        (with_tag(0x6FFFFFFD, 1), "before or after its count"),
        (with_tag(0x6FFFFFFD, 65537), "65537 entries"),
        (with_tag(0x6FFFFFF0, 0, new=21), "versions of the symbols"),
        (with_tag(0x6FFFFFF0, 1 << 40), "no loaded segment"),
        (with_tag(0x6FFFFFFE, len(VERSIONED) - 4), "outside the file|has no"),
        (with_tag(4, 0, new=21), "without a hash table"),
        (with_tag(4, len(VERSIONED) - 8), "of 0 buckets"),
        (with_tag(11, 16), "entries of 16 bytes"),
        (with_tag(10, 1 << 20), "does not fit"),
        (with_tag(14, 1 << 20), "outside the file|has no end"),
    ],
)
def test_tables_that_the_loader_dies_of_are_unreadable(data, reason):
    assert read(VERSIONED).versions
    with pytest.raises(Unreadable, match=reason):
        read(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (changed(7, "<B", 9), "not Linux"),
        (changed(8, "<B", 9), "not Linux"),
        (changed(12, "<B", 1), "not Linux"),
        (changed(20, "<I", 2), "unknown version"),
        (changed(SEGMENT_AT + 32, "<Q", len(VERSIONED) + 1), "cut off"),
        (changed(SEGMENT_AT + 40, "<Q", 64), "larger in the file"),
        (changed(SEGMENT_AT + 40, "<Q", 1 << 40), "bytes of memory"),
        (changed(SEGMENT_AT + 48, "<Q", 0x1001), "power of two"),
        (VERSIONED[:-8], "cut off"),
        (changed(SEGMENT_AT, "<I", 0x60000000), "without a segment"),
    ],
)
def test_heads_that_the_loader_refuses_are_unreadable(data, reason):
    with pytest.raises(Unreadable, match=reason):
        read(data)


@pytest.mark.parametrize(("name", "hashed"), [("GLIBC_2.2.5", 0x09691A75), ("GLIBC_2.17", 0x06969197)])
def test_the_hash_is_that_of_the_linker(name, hashed):
    assert elf_hash(name) == hashed


@pytest.mark.slow
@settings(max_examples=amount(400), deadline=1000)
@given(st.data())
def test_damage_never_hides_every_need(data):
    damaged = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(damaged)), st.integers(0, len(damaged))))
    try:
        library = read(bytes(damaged[:cut]))
    except Unreadable:
        return
    assert library.needed


@settings(max_examples=amount(100), deadline=1000)
@given(st.binary(max_size=4096))
def test_noise_behind_the_magic_number_is_unreadable(noise):
    with pytest.raises(Unreadable):
        read(b"\x7fELF\x02\x01\x01" + noise)


@pytest.mark.slow
def test_what_gcc_links_is_read_back(tmp_path):
    build_library(tmp_path / "liba.so", "int a(void){return 1;}", "-Wl,-soname,liba.so.3")
    user = build_library(
        tmp_path / "user.so",
        "int a(void); int b(void){return a();}",
        f"-L{tmp_path}",
        "-la",
        "-Wl,--no-as-needed,--disable-new-dtags,-rpath,$ORIGIN",
        "-Wl,-z,execstack",
    )
    with FileBytes(user) as source:
        library = read_elf(source)
    assert library.needed[0] == Need(name="liba.so.3")
    assert (library.rpath, library.runpath, library.executable_stack) == (("$ORIGIN",), (), True)


@pytest.mark.slow
def test_an_object_file_of_gcc_is_not_loadable(tmp_path):
    path = build_library(tmp_path / "a.o", "int a;", "-c")
    with FileBytes(path) as source, pytest.raises(NotLoadable):
        read_elf(source)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="compares with this machine's own ELF files")
def test_installed_libraries_are_read_as_pyelftools_reads_them():
    roots = [Path(sysconfig.get_path("platlib")), Path(sysconfig.get_config_var("DESTSHARED"))]
    paths = [path for root in roots for path in root.rglob("*.so*") if path.is_file() and not path.is_symlink()]
    compared = 0
    for path in paths[:: len(paths) // amount(len(paths))]:
        with path.open("rb") as stream, FileBytes(path) as source:
            if stream.read(4) != b"\x7fELF":
                continue
            assert _summary(read_elf(source)) == _oracle(ELFFile(stream)), path
            compared += 1
    assert compared > 10


def _summary(library):
    versions = {(need.file, need.version) for need in library.versions}
    paths = ":".join(library.rpath), ":".join(library.runpath)
    return [need.name for need in library.needed], library.own_name, paths, versions, library.segment_alignment


def _oracle(file):
    dynamic = next(segment for segment in file.iter_segments() if segment.header.p_type == "PT_DYNAMIC")
    found = {"needed": [], "soname": None, "rpath": "", "runpath": ""}
    for tag in dynamic.iter_tags():
        kind = tag.entry.d_tag.removeprefix("DT_").lower()
        if kind == "needed":
            found["needed"].append(tag.needed)
        elif kind in found:
            found[kind] = ":".join(dict.fromkeys(getattr(tag, kind).split(":")))
    table = file.get_section_by_name(".gnu.version_r")
    versions = {(file.name, each.name) for file, names in table.iter_versions() for each in names} if table else set()
    gaps = [row.header.p_vaddr - row.header.p_offset for row in file.iter_segments() if row.header.p_type == "PT_LOAD"]
    alignment = max(size for size in (2**power for power in range(17)) if not any(gap % size for gap in gaps))
    return found["needed"], found["soname"], (found["rpath"], found["runpath"]), versions, alignment
