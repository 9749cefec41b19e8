"""Symbol versions that are asked for, held against those that are defined."""

import pytest

from envdoctor.binaries.elf import read_elf
from envdoctor.binaries.library import BinaryFormat, NativeLibrary, VersionNeed
from envdoctor.facts.loading.versions import missing_versions
from envdoctor.facts.natives import NativeFile
from envdoctor.facts.packages import Distribution
from envdoctor.support.bytes import MemoryBytes
from native_files import elf_bytes

FOO = Distribution(name="foo")


@pytest.fixture
def lacking(tmp_path):
    """What of `asked` a library that defines `defined` lacks; as (version, newest)."""

    def lacking(asked, defined, *, weak=False, found="libx.so.1"):
        path = tmp_path / "libx.so.1"
        path.write_bytes(defined if isinstance(defined, bytes) else elf_bytes(defines=defined))
        library = NativeLibrary(
            format=BinaryFormat.ELF,
            architectures=("x86_64",),
            versions=tuple(VersionNeed(file="libx.so.1", version=one, weak=weak) for one in asked),
        )
        file = NativeFile(distribution=FOO, path="/e/m.so", library=library)
        rows = missing_versions([(file, {found: str(path)})], frozenset())
        return [(one.version, one.newest) for one in rows]

    return lacking


@pytest.mark.parametrize(
    ("asked", "defined", "expected"),
    [
        (["GLIBC_2.34"], ["GLIBC_2.2.5", "GLIBC_2.34"], []),
        (["GLIBC_2.34", "GLIBC_2.38"], ["GLIBC_2.2.5", "GLIBC_2.36", "GLIBC_2.4"], [("GLIBC_2.38", "GLIBC_2.36")]),
        (["GLIBC_2.38", "GLIBC_2.100"], ["GLIBC_2.9"], [("GLIBC_2.100", "GLIBC_2.9")]),
        (["CXXABI_1.3.15"], ["GLIBCXX_3.4.33", "CXXABI_1.3.9"], [("CXXABI_1.3.15", "CXXABI_1.3.9")]),
        (["GLIBC_PRIVATE"], ["GLIBC_2.36"], [("GLIBC_PRIVATE", "GLIBC_2.36")]),
        (["FOO"], ["OTHER_1"], [("FOO", "")]),
        (["GLIBC_2.38"], [], []),  # a library without versions passes
        (["GLIBC_2.38"], b"text", []),  # unreadable: no proof of anything
    ],
)
def test_what_is_missing(lacking, asked, defined, expected):
    assert lacking(asked, defined) == expected


def test_weak_needs_do_not_count(lacking):
    assert lacking(["GLIBC_2.99"], ["GLIBC_2.2.5"], weak=True) == []


def test_a_library_that_was_not_found_is_not_judged(lacking):
    assert lacking(["GLIBC_2.99"], ["GLIBC_2.2.5"], found="liby.so.1") == []


def test_a_real_need_as_it_is_read(tmp_path):
    (tmp_path / "libx.so").write_bytes(elf_bytes(defines=["X_1"]))
    library = read_elf(MemoryBytes(elf_bytes(["libx.so"], versions={"libx.so": ["X_1", "X_2"]})))
    file = NativeFile(distribution=FOO, path="/e/m.so", library=library)
    (row,) = missing_versions([(file, {"libx.so": str(tmp_path / "libx.so")})], frozenset({"/e/m.so"}))
    assert (row.file, row.library, row.found) == (file, "libx.so", str(tmp_path / "libx.so"))
    assert (row.version, row.newest, row.reached) == ("X_2", "X_1", True)


def test_what_was_not_read_asks_for_nothing():
    assert missing_versions([(NativeFile(distribution=FOO, path="/e/m.so"), {})], frozenset()) == ()
