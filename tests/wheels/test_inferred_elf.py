"""Guesses at giant files: every need is among them, and what can't be told from its surroundings is not guessed."""

import pytest

from envdoctor.binaries.elf import read_elf
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels import inferred_elf
from envdoctor.wheels.inferred_elf import infer_elf, is_giant
from envdoctor.wheels.native import read_member
from native_files import elf_bytes
from wheel_files import code_like, open_archive

NEEDED = ("libframework.so.2", "libstdc++.so.6", "libc.so.6", "ld-linux-x86-64.so.2")
VERSIONS = {"libc.so.6": ("GLIBC_2.17", "GLIBC_2.2.5"), "libstdc++.so.6": ("GLIBCXX_3.4.22", "CXXABI_1.3.11")}


def giant(soname="libx.so.2", size=400_000, **options):
    # Two zeros end the string table, as the alignment before the next table does in files that a linker wrote.
    fields = {
        "soname": soname,
        "runpath": "$ORIGIN/../a:$ORIGIN",
        "versions": VERSIONS,
        "filler": b"\0\0" + code_like(size),
    }
    return elf_bytes(NEEDED, **(fields | options))


def opened(data, name="p/libx.so.2"):
    archive = open_archive({name: data})
    return archive, archive.open(name, 0)


@pytest.mark.slow
def test_a_guess_has_every_need_and_the_versions():
    data = giant()
    guess = infer_elf(opened(data)[1], "libx.so.2")
    exact = read_elf(MemoryBytes(data))
    assert guess.inferred
    assert {need.name for need in guess.needed} >= {need.name for need in exact.needed}
    assert guess.runpath == exact.runpath
    for family in ("GLIBC", "GLIBCXX", "CXXABI"):
        assert guess.newest_version(family) == exact.newest_version(family)
    assert guess.segment_alignment == exact.segment_alignment
    assert guess.own_name == "libx.so.2"
    assert "libx.so.2" not in [need.name for need in guess.needed]


def test_names_with_a_folder_are_no_needs():
    data = elf_bytes((*NEEDED, "bazel-out/libno.so"), soname="libx.so.2", filler=b"\0\0" + code_like(1000))
    assert "bazel-out/libno.so" not in [need.name for need in infer_elf(opened(data)[1], "libx.so.2").needed]


@pytest.mark.slow
def test_without_its_own_name_in_the_table_nothing_is_guessed():
    assert infer_elf(opened(giant(soname="libother.so"))[1], "libx.so.2") is None


def test_only_what_lies_far_behind_makes_a_giant(monkeypatch):
    _, source = opened(giant())
    assert not is_giant(source)
    monkeypatch.setattr(inferred_elf, "_LARGEST_EXACT", 100)
    assert is_giant(source)


@pytest.mark.slow
@pytest.mark.parametrize(("exact", "inferred"), [(False, True), (True, False)])
def test_members_are_guessed_at_unless_exactness_is_asked_for(monkeypatch, exact, inferred):
    monkeypatch.setattr(inferred_elf, "_LARGEST_EXACT", 100)
    archive, _ = opened(giant())
    assert read_member(archive, "p/libx.so.2", 0, exact=exact).inferred is inferred


@pytest.mark.slow
def test_a_giant_that_cannot_be_guessed_at_is_read(monkeypatch):
    monkeypatch.setattr(inferred_elf, "_LARGEST_EXACT", 100)
    data = giant(soname="libother.so")
    archive, _ = opened(data)
    assert read_member(archive, "p/libx.so.2", 0) == read_elf(MemoryBytes(data))
