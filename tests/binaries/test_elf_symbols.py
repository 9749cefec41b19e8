"""What is read of symbols, held against other readers, and against damage."""

import random
import struct
import subprocess

import pytest

from envdoctor.binaries.elf_hashes import find_gnu_hash, gnu_hash_of
from envdoctor.binaries.elf_summary import summarize, summarize_head, undefined_in
from envdoctor.binaries.elf_symbols import ElfSymbols, Wanted
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from loading_facts import HERE
from native_files import build_library

NAMES = [f"name_{number}" for number in range(200)]
CODE = (
    "\n".join(f"int {name}(void) {{ return 1; }}" for name in NAMES)
    + "\nextern int gone(void); int u(void) { return gone(); }"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    if not HERE:
        pytest.skip("compiles a library for glibc")
    return build_library(tmp_path_factory.mktemp("symbols") / "lib.so", CODE).read_bytes()


def test_the_hash_of_a_name():
    """The examples of glibc's documents; a long name takes another table of powers."""
    assert [gnu_hash_of(name) for name in (b"", b"printf", b"exit", b"syscall")] == [
        0x1505,
        0x156B2BB8,
        0x7C967E3F,
        0xBAC212A0,
    ]
    value = 5381
    for byte in b"x" * 300:
        value = (value * 33 + byte) & 0xFFFFFFFF
    assert gnu_hash_of(b"x" * 300) == value


@pytest.mark.slow
def test_a_summary(data):
    summary = summarize(MemoryBytes(data))
    assert summary.wanted == ("gone",)
    assert undefined_in([*NAMES, "u", "gone", "name_200"], [summary.defined]) == ("gone", "name_200")


@pytest.mark.slow
def test_many_names_at_once_have_the_answers_of_each_alone(data):
    """For many the hash table is read whole."""
    symbols = ElfSymbols(MemoryBytes(data))
    wanted = [Wanted(name.encode()) for name in (*NAMES, "gone", *(f"other_{number}" for number in range(500)))]
    hashes = {each.name: gnu_hash_of(each.name) for each in wanted}
    alone = {each for each in wanted if symbols.defined([each], hashes)}
    assert symbols.defined(wanted, hashes) == alone == set(wanted[: len(NAMES)])


@pytest.mark.slow
def test_the_same_by_its_looks(data):
    """The hash table is found without the dynamic section, and is the one that the dynamic section tells."""
    source = MemoryBytes(data)
    head = summarize_head(source, len(data))
    assert (head.defined, head.wanted, head.is_whole) == (summarize(source).defined, (), False)
    assert find_gnu_hash(source.read_at, 64) is None


@pytest.mark.slow
def test_damage_is_unreadable_or_read(data):
    """Whatever stands in a file: an answer or `Unreadable`, soon, and nothing else."""
    chance = random.Random(4)
    places = range(min(len(data), 0x3000))
    for _ in range(300):
        damaged = bytearray(data)
        for place in chance.sample(places, 6):
            damaged[place] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        summarize(MemoryBytes(bytes(damaged)))
        summarize_head(MemoryBytes(bytes(damaged)), len(damaged))
        try:
            symbols = ElfSymbols(MemoryBytes(bytes(damaged)))
            wanted = symbols.wanted()
            symbols.defined(wanted, {each.name: gnu_hash_of(each.name) for each in wanted})
            symbols.bound({each.name for each in wanted})
        except (Unreadable, struct.error):
            continue


def test_a_file_that_defines_nothing(tmp_path):
    """Its hash table says nothing of where the undefined symbols end."""
    if not HERE:
        pytest.skip("compiles a library for glibc")
    hidden = "-fvisibility=hidden"
    library = build_library(tmp_path / "lib.so", "extern int gone(void); int (*use)(void) = gone;", hidden)
    printed = subprocess.run(["readelf", "--dyn-syms", library], capture_output=True, text=True, check=False).stdout
    assert not printed or " gone" in printed
    assert "gone" in summarize(MemoryBytes(library.read_bytes())).wanted
