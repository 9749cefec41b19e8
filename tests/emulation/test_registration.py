from pathlib import Path

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.emulation.binfmt import x86_64_head
from envdoctor.emulation.registration import Manager, collect_registrations, parse_conf, parse_database_entry

CONF = (
    r":qemu-x86_64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00"
    r":\xff\xff\xff\xff\xff\xfe\xfe\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-x86_64-static:OPF"
)
DATABASE = (
    "qemu-user-static\nmagic\n0\n"
    r"\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00" "\n"
    r"\xff\xff\xff\xff\xff\xfe\xfe\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff" "\n"
    "/usr/libexec/qemu-binfmt/x86_64-binfmt-P\n\nno\nyes\nyes\n"
)  # fmt: skip


def test_update_binfmts_database():
    one = parse_database_entry("qemu-x86_64", DATABASE, "/var/lib/binfmts/qemu-x86_64")
    assert one.manager is Manager.UPDATE_BINFMTS
    assert (one.entry.flags, one.entry.interpreter) == ("PF", "/usr/libexec/qemu-binfmt/x86_64-binfmt-P")
    assert one.entry.matches(x86_64_head())


@pytest.mark.parametrize("text", ["", "a\nb\n", DATABASE.replace("magic", "oracle", 1), "a:b\nmagic\n0\nx\n\n/x\n"])
def test_no_database_entry(text):
    with pytest.raises(Unreadable):
        parse_database_entry("x", text, "/var/lib/binfmts/x")


def test_comments_and_damaged_lines_of_a_conf_file_are_left_out():
    found = parse_conf(f"# comment\n; another\n\nnonsense\n{CONF}\n", "x.conf")
    assert [one.entry.name for one in found] == ["qemu-x86_64"]


def write(root: Path, path: str, text: str):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_a_file_in_etc_hides_one_of_the_same_name(tmp_path):
    write(tmp_path, "usr/lib/binfmt.d/qemu-x86_64.conf", CONF)
    write(tmp_path, "usr/lib/binfmt.d/notes.txt", CONF)
    write(tmp_path, "var/lib/binfmts/qemu-x86_64", DATABASE)
    write(tmp_path, "var/lib/binfmts/broken", "x")
    assert [one.manager for one in collect_registrations(tmp_path)] == [Manager.SYSTEMD_BINFMT, Manager.UPDATE_BINFMTS]
    write(tmp_path, "etc/binfmt.d/qemu-x86_64.conf", "")
    assert [one.manager for one in collect_registrations(tmp_path)] == [Manager.UPDATE_BINFMTS]


def test_nothing_configured(tmp_path):
    assert collect_registrations(tmp_path) == ()
