import pytest

from envdoctor.binaries.library import BinaryFormat, NativeLibrary
from envdoctor.binaries.tree import InstalledTree, PlannedTree
from envdoctor.core.errors import Unreadable
from native_files import elf_bytes

LIBRARY = NativeLibrary(format=BinaryFormat.PE, architectures=("amd64",))


def test_planned_files_are_found_through_dots():
    tree = PlannedTree({"/e/a.libs/liba.so": LIBRARY})
    assert tree.library("/e/a/../a.libs/./liba.so") is LIBRARY
    assert tree.library("/e/a.libs/libb.so") is None
    assert tree.library("/e/A.libs/liba.so") is None


def test_case_does_not_count_on_windows():
    tree = PlannedTree({"/e/Common.DLL": LIBRARY}, ignore_case=True)
    assert tree.library("/E/common.dll") is LIBRARY


def test_a_planned_file_that_could_not_be_read_says_so():
    tree = PlannedTree({"/e/a.so": Unreadable("cut off")})
    with pytest.raises(Unreadable, match="cut off"):
        tree.library("/e/a.so")


def test_installed_files_are_read_once(tmp_path):
    path = tmp_path / "liba.so"
    path.write_bytes(elf_bytes(("libc.so.6",), soname="liba.so"))
    tree = InstalledTree()
    first = tree.library(str(path))
    path.unlink()
    assert tree.library(str(path)) is first
    assert first.own_name == "liba.so"


def test_installed_damage_is_unreadable_each_time(tmp_path):
    path = tmp_path / "liba.so"
    path.write_bytes(b"\x7fELF")
    tree = InstalledTree()
    for _ in range(2):
        with pytest.raises(Unreadable):
            tree.library(str(path))
    assert tree.library(str(tmp_path / "none.so")) is None


def test_links_lead_to_one_name(tmp_path):
    (tmp_path / "liba.so.1").write_bytes(b"")
    link = tmp_path / "liba.so"
    try:
        link.symlink_to("liba.so.1")
    except OSError:
        pytest.skip("this system does not let us make links")
    tree = InstalledTree()
    assert tree.canonical(str(link)) == tree.canonical(str(tmp_path / "liba.so.1"))
