"""The reader of ld.so.cache against built tables and `ldconfig -p`."""

import contextlib
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.ldcache import read_ld_cache
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from needs import find
from thoroughness import amount

X86_64, AARCH64 = 0x0303, 0x0A03


def cache_bytes(*entries, old=False):
    """A cache of (flags, soname, path, hwcaps) entries; `old` puts the old format's table before it."""
    strings, rows = b"", []
    start = 48 + 24 * len(entries)
    for flags, soname, path, hwcaps in entries:
        key, value = start + len(strings), start + len(strings) + len(soname) + 1
        strings += f"{soname}\0{path}\0".encode()
        rows.append(struct.pack("<iIIIQ", flags, key, value, 0, hwcaps))
    data = (
        struct.pack("<20sII5I", b"glibc-ld.so.cache1.1", len(entries), len(strings), 0, 0, 0, 0, 0)
        + b"".join(rows)
        + strings
    )
    if not old:
        return data
    table = b"ld.so-1.7.0\0" + struct.pack("<I", 1) + bytes(12)
    return table + bytes(-len(table) % 8) + data


SAMPLE = (
    (X86_64, "liba.so.1", "/lib/hwcaps/liba.so.1", 1),
    (X86_64, "liba.so.1", "/lib/liba.so.1", 0),
    (AARCH64, "liba.so.1", "/lib/aarch64/liba.so.1", 0),
    (X86_64, "libb.so", "/lib/libb.so", 0),
)


@pytest.mark.parametrize("old", [True, False])
def test_paths_of_one_architecture(old):
    source = MemoryBytes(cache_bytes(*SAMPLE, old=old))
    assert read_ld_cache(source, "x86_64") == {"liba.so.1": "/lib/liba.so.1", "libb.so": "/lib/libb.so"}
    assert read_ld_cache(source, "aarch64") == {"liba.so.1": "/lib/aarch64/liba.so.1"}


@pytest.mark.parametrize(
    "data", [b"", b"glibc-ld.so.cache1.1", b"ld.so-1.7.0\0\xff\xff\xff\xff", cache_bytes(*SAMPLE)[:-20]]
)
def test_damage_is_unreadable(data):
    with pytest.raises(Unreadable):
        read_ld_cache(MemoryBytes(data), "x86_64")


@pytest.mark.slow
@settings(max_examples=amount(200), deadline=1000)
@given(st.binary(max_size=300), st.integers(0, 140))
def test_noise_is_read_or_unreadable(noise, place):
    data = cache_bytes(*SAMPLE)
    with contextlib.suppress(Unreadable):
        assert isinstance(read_ld_cache(MemoryBytes(data[:place] + noise + data[place + len(noise) :]), "x86_64"), dict)


@pytest.mark.skipif(not Path("/etc/ld.so.cache").exists() or find("ldconfig") is None, reason="needs glibc's ldconfig")
def test_this_machine_is_read_as_ldconfig_prints_it():
    printed = subprocess.run([find("ldconfig"), "-p"], capture_output=True, text=True, check=True).stdout
    theirs = {}
    for line in printed.splitlines()[1:]:
        if "libc6,x86-64)" in line:
            theirs.setdefault(line.split()[0], line.split()[-1])
    if not theirs:
        pytest.skip("not an x86_64 system")
    with FileBytes("/etc/ld.so.cache") as source:
        assert read_ld_cache(source, "x86_64") == theirs
