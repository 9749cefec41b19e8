import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import import_names, install_path, read_contents
from native_files import elf_bytes, macho_bytes, pe_bytes
from thoroughness import amount
from wheel_files import LINUX_TAG, MACOS_TAG, archive_bytes, code_like, contents_of, wheel_of

ELF = elf_bytes(("libc.so.6",))


def natives(files, tag=LINUX_TAG):
    return {native.member: native for native in contents_of(files, tag).natives}


def test_native_files_are_found_by_their_bytes():
    found = natives(
        {
            "pkg/__init__.py": "x",
            "pkg/_m.cpython-311-x86_64-linux-gnu.so": ELF,
            "pkg/linker_script.so": b"INPUT(-lx)" * 30,
            "pkg.libs/libx-1234.so.5.2": ELF,
            "pkg.libs/libssl-f4f30056.so.1.1.1k": ELF,
            "pkg/wrapper.so.py": ELF,
            "pkg/_odd.so": pe_bytes(),
            "pkg/data.bin": ELF,
        }
    )
    assert set(found) == {
        "pkg/_m.cpython-311-x86_64-linux-gnu.so",
        "pkg.libs/libx-1234.so.5.2",
        "pkg.libs/libssl-f4f30056.so.1.1.1k",
        "pkg/_odd.so",
    }
    assert found["pkg/_odd.so"].library.format.value == "PE"


def test_a_module_that_is_no_native_file_is_not_left_out():
    tagged = "pkg/_m.cpython-311-x86_64-linux-gnu.so"
    for content in (b"\0" + ELF[1:], b"", b"version https://git-lfs.github.com/spec/v1\n" * 3):
        (native,) = natives({tagged: content}).values()
        assert native.library is None
        assert "neither ELF" in native.not_loadable
    (native,) = natives({"pkg/_m.so": b"\0" + ELF[1:]}).values()
    assert "neither ELF" in native.problem
    assert not natives({"pkg/libx.so": b"\0" + ELF[1:], "pkg/x.so": b"/* GNU ld script */ GROUP ( libx.so.1 )" * 3})


def test_a_program_without_a_suffix_is_found_by_its_permission():
    data = archive_bytes(
        {
            "p-1.dist-info/METADATA": "Name: p\nVersion: 1\n",
            "p-1.dist-info/WHEEL": f"Tag: {LINUX_TAG}\n",
            "p-1.data/scripts/tool": ELF,
            "p/README": ELF,
            "p/script": b"#!/bin/sh\n" * 30,
            "p-1.dist-info/RECORD": "p-1.dist-info/METADATA,,\np-1.dist-info/WHEEL,,\n",
        },
        modes={"p-1.data/scripts/tool": 0o755, "p/script": 0o755},
    )
    (native,) = read_contents(MemoryBytes(data)).natives
    assert (native.member, native.path) == ("p-1.data/scripts/tool", "../../../bin/tool")


def test_what_cannot_be_read_stays_in_the_list_with_its_reason():
    found = natives({"pkg/a.so": ELF[:200], "pkg/b.so": elf_bytes((), kind=1), "pkg/c.so": ELF})
    assert "outside the file" in found["pkg/a.so"].problem
    assert found["pkg/a.so"].library is None
    assert "object file" in found["pkg/b.so"].not_loadable
    assert found["pkg/b.so"].problem == ""
    assert found["pkg/c.so"].library.needed[0].name == "libc.so.6"


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("_m.so", True),
        ("cv2.abi3.so", True),
        ("libm.cpython-311-darwin.so", True),
        ("libx.so", False),
        ("x.dylib", False),
    ],
)
def test_which_files_python_may_import(name, module):
    assert natives({f"pkg/{name}": ELF})[f"pkg/{name}"].is_module is module


@pytest.mark.parametrize(
    ("member", "path"),
    [
        ("pkg/a.so", "pkg/a.so"),
        ("pkg-1.data/platlib/pkg/a.so", "pkg/a.so"),
        ("pkg-1.data/purelib/pkg/a.py", "pkg/a.py"),
        ("pkg-1.data/data/lib/a.so", "../../../lib/a.so"),
        ("pkg-1.data/scripts/tool", "../../../bin/tool"),
        ("pkg-1.data/headers/a.h", "../../../include/pkg-1/a.h"),
        ("pkg-1.data/data/lib/site-packages/pkg/x.dll", "pkg/x.dll"),
        ("pkg-1.data/data/Lib/site-packages/pkg/x.dll", "pkg/x.dll"),
        ("pkg-1.data/data/lib/python3.11/site-packages/a.py", "a.py"),
    ],
)
def test_where_an_installer_puts_members(member, path):
    assert install_path(member) == path


def test_names_that_can_be_imported():
    paths = (
        "pkg/__init__.py",
        "pkg/sub/a.py",
        "single.py",
        "_native.cpython-311-x86_64-linux-gnu.so",
        "namespace/part/mod.py",
        "pkg.libs/libx.so.1",
        "pkg-1.dist-info/METADATA",
        "data/file.txt",
        "not-a-name/a.py",
        "x-1.data/platlib/hidden/__init__.py",
        "x-1.data/scripts/tool.py",
    )
    assert import_names(dict.fromkeys(paths)) == ("pkg", "single", "_native", "namespace", "hidden")


@pytest.mark.slow
def test_little_of_a_macos_wheel_is_read():
    made = {number: macho_bytes(size=2000) + code_like(700_000, seed=number) for number in range(4)}
    files = {f"pkg/_m{number}.so": made[number % 4] for number in range(12)}
    contents = read_contents(MemoryBytes(wheel_of(files, MACOS_TAG)), parallel=True)
    assert len(contents.natives) == 12
    assert contents.effort.bytes_read < 65_536 + 12 * 20_000
    assert contents.effort.size > 1 << 20


def test_native_files_next_to_each_other_cost_one_read():
    files = {f"pkg/_m{number}.so": ELF for number in range(30)} | {"pkg/data.bin": code_like(300_000)}
    assert contents_of(files).effort.reads <= 3


@pytest.mark.slow
def test_members_read_at_once_are_those_read_one_after_another():
    files = {
        f"pkg/_m{number}.so": elf_bytes((f"lib{number}.so",), filler=code_like(150_000, number)) for number in range(12)
    }
    source = MemoryBytes(wheel_of(files))
    one, other = read_contents(source), read_contents(source, parallel=True)
    assert one.natives == other.natives
    assert one.effort == other.effort


@pytest.mark.parametrize("data", [b"", b"PK\5\6" + bytes(18), archive_bytes({"a.py": "x"})])
def test_what_is_no_wheel_is_unreadable(data):
    with pytest.raises(Unreadable):
        read_contents(MemoryBytes(data))


def test_a_label_for_people():
    assert read_contents(MemoryBytes(wheel_of({"pkg/a.py": "x"}))).label == "pkg 1.0"


MUTATED = wheel_of(
    {
        "pkg/__init__.py": "import pkg._m",
        "pkg/_m.so": ELF,
        "pkg/_w.pyd": pe_bytes(("KERNEL32.dll",)),
        "pkg/x.dylib": macho_bytes(("@rpath/liba.dylib",)),
    }
)


@pytest.mark.slow
@settings(max_examples=amount(400), deadline=2000)
@given(st.data())
def test_damage_ends_in_contents_or_unreadable(data):
    damaged = bytearray(MUTATED)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(damaged)), st.integers(0, len(damaged))))
    try:
        contents = read_contents(MemoryBytes(bytes(damaged[:cut])))
    except Unreadable:
        return
    for native in contents.natives:
        # Members as small as these are held against their CRC: what is read is what was packed.
        assert native.problem or native.not_loadable or native.library.needed


def test_a_site_packages_folder_inside_is_searched():
    assert import_names({"cmeel.prefix/lib/python3.13/site-packages/pkg/__init__.py": None}) == ("pkg",)
