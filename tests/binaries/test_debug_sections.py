"""Sections for debuggers, beside what `gcc -g` and `strip` make."""

import shutil
import subprocess

import pytest

from envdoctor.binaries.debug_sections import debug_bytes
from native_files import elf_bytes, macho_bytes, pe_bytes, universal_bytes, with_sections, with_symbols
from needs import C_COMPILER, needs


def test_the_sizes_of_debug_sections_are_added_up():
    elf = with_sections(elf_bytes(), ((".text", 100), (".debug_info", 4000), (".debug_line", 96)))
    assert debug_bytes(elf) == 4096


def test_a_file_without_them_of_another_format_or_cut_off_has_none():
    elf = with_sections(elf_bytes(), ((".debug_info", 4096),))
    cut = [elf[:length] for length in (0, 3, 15, 63, len(elf) - 1)]
    for data in [with_sections(elf_bytes(), ((".text", 9),)), elf_bytes(), macho_bytes(), pe_bytes(), *cut]:
        assert debug_bytes(data) == 0


def test_of_macho_the_map_of_object_files_counts():
    plain = [("_used", 1)]
    stabs = [("a.c", 0, 0x64, 0), ("/tmp/a.o", 0, 0x66, 0)]  # N_SO, N_OSO
    assert debug_bytes(with_symbols(macho_bytes, plain)) == 0
    thin = with_symbols(macho_bytes, [*plain, *stabs])
    assert debug_bytes(thin) == 2 * 16
    assert debug_bytes(universal_bytes(arm64=thin, x86_64=thin)) == 2 * 2 * 16
    assert debug_bytes(thin[:40]) == 0
    assert debug_bytes(b"\xca\xfe\xba\xbe" + bytes(9)) == 0


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strip"), reason="needs strip")
def test_what_a_compiler_writes_and_strip_removes(tmp_path):
    source, library = tmp_path / "a.c", tmp_path / "a.so"
    source.write_text("int answer(void) { return 42; }\n")
    subprocess.run([needs(C_COMPILER), "-g", "-shared", "-fPIC", "-o", library, source], check=True)
    assert debug_bytes(library.read_bytes()) > 0
    subprocess.run(["strip", "--strip-debug", library], check=True)
    assert debug_bytes(library.read_bytes()) == 0
