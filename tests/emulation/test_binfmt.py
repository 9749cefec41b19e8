import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.emulation.binfmt import (
    Binfmt,
    BinfmtEntry,
    InterpreterState,
    parse_entry,
    parse_mount_points,
    parse_registration,
    x86_64_head,
)

DEBIAN_MAGIC = "7f454c4602010100000000000000000002003e00"
DEBIAN_MASK = "fffffffffffefefcfffffffffffffffffeffffff"
DEBIAN = (
    "enabled\ninterpreter /usr/libexec/qemu-binfmt/x86_64-binfmt-P\nflags: PF\noffset 0\n"
    f"magic {DEBIAN_MAGIC}\nmask {DEBIAN_MASK}\n"
)


def test_an_entry_as_debian_registers_it():
    entry = parse_entry("qemu-x86_64", DEBIAN)
    assert (entry.enabled, entry.flags, entry.interpreter) == (True, "PF", "/usr/libexec/qemu-binfmt/x86_64-binfmt-P")
    assert entry.fixed
    assert entry.startable


def test_debians_pattern_fits_programs_and_the_loader_and_nothing_else():
    entry = parse_entry("qemu-x86_64", DEBIAN)
    for osabi in (0, 3):
        for shared in (True, False):
            assert entry.matches(x86_64_head(osabi=osabi, shared=shared))
    assert not entry.matches(x86_64_head(osabi=9))
    assert not entry.matches(x86_64_head().replace(bytes([62]), bytes([183])))
    assert not entry.matches(b"#!/bin/sh\n" + bytes(256))
    assert not entry.matches(b"\x7fELF")


def test_a_disabled_entry_an_extension_and_no_flags():
    assert not parse_entry("x", DEBIAN.replace("enabled", "disabled", 1)).enabled
    entry = parse_entry("wine", "enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n")
    assert (entry.extension, entry.flags) == (".exe", "")
    assert not entry.matches(b"MZ")


@pytest.mark.parametrize("text", ["", "on\n", "enabled\nnonsense\n", "enabled\nmagic 7f4\n", "enabled\noffset x\n"])
def test_what_no_kernel_writes(text):
    with pytest.raises(Unreadable, match="binfmt_misc entry x"):
        parse_entry("x", text)


def entry(name, **more):
    return BinfmtEntry(name=name, magic=b"\x7fELF", interpreter="/q", **more)


def test_the_last_registered_comes_first_and_disabled_ones_are_passed_over():
    new, old = entry("new"), entry("old")
    assert Binfmt(enabled=True, entries=(new, old)).handler(x86_64_head()) == new
    off = entry("off", enabled=False)
    assert Binfmt(enabled=True, entries=(off, old)).handler(x86_64_head()) == old
    assert Binfmt(enabled=False, entries=(old,)).handler(x86_64_head()) is None
    assert Binfmt(enabled=None).handler(x86_64_head()) is None
    assert Binfmt(enabled=True, entries=(off, old)).matching(x86_64_head()) == (off, old)


def test_with_f_the_file_is_not_needed_any_more():
    gone = {"interpreter_state": InterpreterState.MISSING}
    assert entry("x", flags="PF", **gone).startable
    assert not entry("x", flags="P", **gone).startable
    assert not entry("x", flags="OC", interpreter_state=InterpreterState.NOT_EXECUTABLE).startable


def test_a_line_of_systemds_configuration():
    line = (
        r":qemu-x86_64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00"
        r":\xff\xff\xff\xff\xff\xfe\xfe\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-x86_64-static:OPF"
    )
    read = parse_registration(line)
    assert (read.magic.hex(), read.mask.hex()) == (DEBIAN_MAGIC, DEBIAN_MASK)
    assert (read.name, read.interpreter, read.flags) == ("qemu-x86_64", "/usr/bin/qemu-x86_64-static", "OPF")
    assert read.matches(x86_64_head(osabi=3))


def test_another_separator_and_an_extension():
    assert parse_registration(",x,M,4,ab,,/bin/x,").offset == 4
    assert parse_registration(":x:E::exe::/bin/x:").extension == "exe"


@pytest.mark.parametrize("line", ["", ":", ":a:b", ":x:Q::a::/b:", ":x:M:-1:a::/b:", ":x:M:99999:a::/b:"])
def test_no_registration(line):
    with pytest.raises(Unreadable, match="no binfmt_misc registration"):
        parse_registration(line)


def test_mount_points():
    mountinfo = (
        "24 28 0:22 / /proc rw,nosuid - proc proc rw\n"
        "99 28 0:40 / /mnt/a\\040b rw,relatime shared:1 - binfmt_misc b rw\n"
        "35 24 0:29 / /proc/sys/fs/binfmt_misc rw shared:14 - autofs systemd-1 rw,fd=29\n"
        "98 35 0:39 / /proc/sys/fs/binfmt_misc rw,nosuid shared:2 - binfmt_misc binfmt_misc rw\n"
    )
    assert parse_mount_points(mountinfo) == ("/proc/sys/fs/binfmt_misc", "/mnt/a b")
    assert parse_mount_points("") == ()


@given(st.text(max_size=300))
def test_any_text_is_an_entry_or_unreadable(text):
    for read in (lambda: parse_entry("x", text), lambda: parse_registration(text)):
        with contextlib.suppress(Unreadable):
            assert isinstance(read(), BinfmtEntry)
    parse_mount_points(text)


@pytest.mark.slow
@given(st.binary(max_size=64), st.binary(max_size=24), st.binary(min_size=24, max_size=24), st.integers(0, 300))
def test_matching_never_reads_beyond_the_head(head, magic, mask, offset):
    one = BinfmtEntry(name="x", magic=magic, mask=mask[: len(magic)], offset=offset)
    assert one.matches(head) in (True, False)
    if offset + len(magic) > len(head):
        assert not one.matches(head)


@pytest.mark.parametrize("mask", ["ff", "ffff00"])
def test_a_mask_that_is_not_as_long_as_its_magic_is_refused_as_the_kernel_does(mask):
    escaped = re.sub("..", r"\\x\g<0>", mask)
    for read in (
        lambda: parse_registration(rf":x:M::\x7fE:{escaped}:/usr/bin/x:"),
        lambda: parse_entry("x", f"enabled\ninterpreter /x\nflags: \noffset 0\nmagic 7f45\nmask {mask}\n"),
    ):
        with pytest.raises(Unreadable, match=r"entry x: a mask of [13] bytes for a magic of 2"):
            read()
