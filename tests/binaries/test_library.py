import pytest

from envdoctor.binaries.library import BinaryFormat, NativeLibrary, VersionNeed


def library(*versions, **fields):
    needs = tuple(VersionNeed(file="libc.so.6", version=version) for version in versions)
    return NativeLibrary(format=BinaryFormat.ELF, architectures=("x86_64",), versions=needs, **fields)


def test_versions_are_compared_as_numbers():
    assert library("GLIBC_2.4", "GLIBC_2.17", "GLIBC_2.2.5").glibc == (2, 17)


def test_a_number_of_any_length_is_a_number():
    assert library("GLIBC_2.4", f"GLIBC_2.{'9' * 5000}").glibc > (2, 10**9)


def test_names_without_a_number_carry_none():
    assert library("GLIBC_PRIVATE").glibc is None


def test_a_name_without_a_number_may_be_of_one_version():
    assert library("GLIBC_2.4", "GLIBC_ABI_DT_RELR").glibc == (2, 36)


def test_families_do_not_mix():
    assert library("GLIBCXX_3.4.29", "GLIBC_2.14").glibc == (2, 14)


@pytest.mark.parametrize(
    ("alignment", "page", "loads"),
    [(0x1000, 0x4000, False), (0x10000, 0x4000, True), (0x4000, 0x10000, False), (None, 0x4000, True)],
)
def test_page_sizes(alignment, page, loads):
    assert library(segment_alignment=alignment).loads_with_page_size(page) is loads


def test_a_thin_file_is_its_own_architecture():
    sample = library()
    assert sample.for_architecture("x86_64") is sample
    assert sample.for_architecture("aarch64") is None
