"""The Mach-O reader against files of known content, macholib and damage."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macholib.MachO import MachO

from envdoctor.binaries.library import BinaryFormat, Need, NeedKind, NotLoadable
from envdoctor.binaries.macho import read_macho
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import LAZY, LOAD, REEXPORT, UPWARD, WEAK, macho_bytes, universal_bytes, with_symbols
from thoroughness import amount

SYSTEM = "/usr/lib/libSystem.B.dylib"
SAMPLE = macho_bytes(
    ("@rpath/libcommon.dylib", (WEAK, "/usr/lib/libweak.dylib"), (REEXPORT, "@loader_path/libre.dylib"), SYSTEM),
    install_name="bazel-out/bin/lib_4_shared_object.dylib",
    rpaths=("@loader_path/", "@loader_path/../x"),
    size=4096,
)


def read(data):
    return read_macho(MemoryBytes(data))


def test_the_install_name_is_no_dependency():
    library = read(SAMPLE)
    assert library.format is BinaryFormat.MACHO
    assert library.own_name == "bazel-out/bin/lib_4_shared_object.dylib"
    assert [need.name for need in library.needed] == [
        "@rpath/libcommon.dylib",
        "/usr/lib/libweak.dylib",
        "@loader_path/libre.dylib",
        SYSTEM,
    ]
    assert library.rpath == ("@loader_path/", "@loader_path/../x")


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (LOAD, NeedKind.REQUIRED),
        (REEXPORT, NeedKind.REQUIRED),
        (UPWARD, NeedKind.REQUIRED),
        (WEAK, NeedKind.WEAK),
        (LAZY, NeedKind.DELAYED),
    ],
)
def test_each_way_to_load(command, kind):
    assert read(macho_bytes(((command, "liba.dylib"),))).needed == (Need(name="liba.dylib", kind=kind),)


def test_the_flags_of_a_marked_load_command_make_it_weak():
    body = struct.pack("<IIIIIII", LOAD, 40, 28, 0x1A741800, 0, 0, 1) + b"liba.dylib\0\0"
    assert read(macho_bytes((), commands=(body,))).needed == (Need(name="liba.dylib", kind=NeedKind.WEAK),)


@pytest.mark.parametrize("old_style", [True, False])
def test_the_minimum_os_of_both_commands(old_style):
    library = read(macho_bytes(minimum_os=(15, 2, 0), old_style=old_style))
    assert (library.platform, library.minimum_os) == ("macos", (15, 2, 0))


def test_no_minimum_os_is_none():
    assert read(macho_bytes(minimum_os=None)).minimum_os is None


@pytest.mark.parametrize("architecture", ["arm64", "x86_64", "arm64e", "i386"])
def test_architectures(architecture):
    assert read(macho_bytes(architecture=architecture)).architectures == (architecture,)


def test_a_universal_file_has_both_slices_and_their_union():
    data = universal_bytes(
        x86_64=macho_bytes(("@rpath/liba.dylib", SYSTEM), architecture="x86_64", minimum_os=(10, 9, 0)),
        arm64=macho_bytes(("@rpath/libb.dylib", SYSTEM), minimum_os=(11, 0, 0)),
    )
    library = read(data)
    assert library.architectures == ("x86_64", "arm64")
    assert {need.name for need in library.needed} == {"@rpath/liba.dylib", "@rpath/libb.dylib", SYSTEM}
    arm = library.for_architecture("arm64")
    assert (arm.minimum_os, arm.needed[0].name) == ((11, 0, 0), "@rpath/libb.dylib")
    assert library.for_architecture("ppc") is None


@pytest.mark.parametrize(("kind", "what"), [(1, "object file"), (10, "debug symbols"), (11, "kernel extension")])
def test_what_dyld_never_loads_is_told_apart_from_damage(kind, what):
    with pytest.raises(NotLoadable, match=what):
        read(macho_bytes(kind=kind))


def test_an_archive_in_a_universal_file_is_not_loadable():
    with pytest.raises(NotLoadable, match="archive"):
        read(universal_bytes(arm64=b"!<arch>\n" + bytes(100)))


def test_a_library_with_a_name_may_link_nothing():
    """libsf_error_state.dylib of scipy 1.14 holds a number, and is loaded on every Mac."""
    library = read(macho_bytes((), install_name="@rpath/libstate.dylib"))
    assert (library.needed, library.own_name) == ((), "@rpath/libstate.dylib")


@pytest.mark.parametrize(("old_style", "minimum"), [(False, (11, 0, 0)), (True, (10, 9, 0))])
def test_the_sdk_is_read(old_style, minimum):
    sdk = struct.pack("<IIIIII", 0x32, 24, 1, 11 << 16, 14 << 16 | 2 << 8, 0)
    sdk = struct.pack("<IIII", 0x24, 16, 10 << 16 | 9 << 8, 14 << 16 | 2 << 8) if old_style else sdk
    library = read(macho_bytes(minimum_os=None, commands=(sdk,)))
    assert (library.minimum_os, library.sdk) == (minimum, (14, 2, 0))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "outside the file"),
        (SAMPLE[:80], "outside the file"),
        (macho_bytes(()), "links no library"),
        (
            macho_bytes(install_name="liba.dylib", commands=(macho_bytes(())[32:56], struct.pack("<II", 0, 8))),
            "0x0 is unknown",
        ),
        (macho_bytes(commands=(struct.pack("<II", 0x80000099, 8),)), "0x80000099 is unknown"),
        (macho_bytes(commands=(struct.pack("<II16x", 0x1B, 24),) * 2), "stands twice"),
        (macho_bytes(commands=(struct.pack("<II24x", 0x22, 32),)), "0x22 with an impossible size of 32 bytes"),
        (macho_bytes(commands=(struct.pack("<II", 0x1B, 9999),)), "impossible size"),
        (macho_bytes(("lib\x07.dylib",)), "printable"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(100), "Java"),
        (universal_bytes(arm64=SAMPLE, x86_64=SAMPLE), "another architecture"),
        (universal_bytes(arm64=SAMPLE)[:-10], "outside it"),
    ],
)
def test_what_cannot_be_read_is_never_empty(data, reason):
    with pytest.raises(Unreadable, match=reason):
        read(data)


@pytest.mark.slow
@settings(max_examples=amount(400), deadline=1000)
@given(st.data())
def test_damage_never_hides_every_need(data):
    damaged = bytearray(SAMPLE[:500])
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        library = read(bytes(damaged)[: data.draw(st.one_of(st.just(500), st.integers(0, 500)))])
    except Unreadable:
        return
    assert library.needed


def test_macholib_sees_the_same(tmp_path):
    path = tmp_path / "liba.dylib"
    path.write_bytes(SAMPLE)
    theirs = [name for header in MachO(str(path)).headers for _, _, name in header.walkRelocatables()]
    assert [need.name for need in read(SAMPLE).needed] == theirs


def test_nothing_is_known_of_an_architecture_that_was_not_read():
    data = universal_bytes(x86_64=macho_bytes(("@rpath/a.dylib",), architecture="x86_64"), arm64=macho_bytes())
    library = read_macho(MemoryBytes(data), farthest=0x4000)
    assert [(part.architectures, part.unread, part.needed == ()) for part in library.slices] == [
        (("x86_64",), False, False),
        (("arm64",), True, True),
    ]
    assert not any(part.unread for part in read_macho(MemoryBytes(data), farthest=0x8000).slices)


@pytest.mark.parametrize("wide", [True, False])
def test_a_file_whose_segments_are_cut_off_is_unreadable(wide):
    architecture = "arm64" if wide else "i386"

    def made(size, file_size=0x1000, memory_size=0x1000):
        sizes = (0, memory_size, 0, file_size)
        head = struct.pack("<II16s", 0x19 if wide else 1, 72 if wide else 56, b"__TEXT")
        segment = head + struct.pack("<QQQQ" if wide else "<IIII", *sizes) + bytes(16)
        return macho_bytes(commands=(segment,), architecture=architecture, size=size)

    assert read(made(0x1000)).needed
    with pytest.raises(Unreadable, match="cut off"):
        read(made(0xFFF))
    with pytest.raises(Unreadable, match="larger in the file"):
        read(made(0x2000, file_size=0x2000))


def test_a_file_whose_symbols_are_cut_off_is_unreadable():
    data = with_symbols(macho_bytes, (("_cblas_dgemm", 1),))
    assert read(data).needed
    with pytest.raises(Unreadable, match="cut off"):
        read(data[:-1])


def test_a_bundle_may_link_nothing():
    """As scipy's modules that only calculate; dyld asks libraries and programs alone for one."""
    library = read_macho(MemoryBytes(macho_bytes((), kind=8)))
    assert library.needed == ()
