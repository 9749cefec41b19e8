"""The Raspberry Pi case on a real aarch64 kernel: from nothing to a compiled model, through every broken state."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from apt_repository import build_package
from arm_machine import boot, kernel
from debian import Debian
from shared_data import shared
from standin import build_standin

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]
DRIVER = Path(__file__).with_name("arm_machine") / "driver.py"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    tree = tmp_path_factory.mktemp("tree")
    build_standin(tree)
    return build_package(tmp_path_factory.mktemp("deb"), tree)


def run(tmp_path, package, machine_kernel, qemu, options=""):
    lab = tmp_path / "lab"
    lab.mkdir()
    shutil.copy(DRIVER, lab)
    shutil.copy(package, lab)
    shutil.copy(qemu, lab)
    (lab / "options").write_text(options)
    pairs = [json.loads(line) for line in shared("data/edgetpu/pairs.jsonl").read_text("utf-8").splitlines()]
    whole = [pair["file"] for pair in pairs if pair["file"] and not pair["on_cpu"]]
    smallest = min((shared("data/edgetpu") / file for file in whole), key=lambda path: path.stat().st_size)
    shutil.copy(smallest, lab)
    (tmp_path / "machine").mkdir()
    text, seconds = boot(tmp_path / "machine", machine_kernel, lab, seconds=1200)
    sys.stdout.write(f"{text}\n({seconds:.0f} s, the boot included)\n")
    return json.loads(re.search(r"(?m)^SUMMARY (.*)$", text).group(1))


@pytest.fixture(scope="module")
def summary(tmp_path_factory, package):
    (qemu,) = Debian("bookworm").download("qemu-user-static", closure=False)
    return run(tmp_path_factory.mktemp("pi"), package, kernel(), qemu)


def test_it_is_an_aarch64_machine(summary):
    assert (summary["machine"], summary["page_size"]) == ("aarch64", 4096)


def test_routes_name_the_one_command_before_each_fix(summary):
    bare, with_compiler, with_both = summary["bare"], summary["with_compiler"], summary["with_both"]
    assert bare["routes"][:2] == ["edgetpu@qemu", "edgetpu@binfmt"]
    assert bare["notes"][0].endswith("Run: envdoctor toolchain install edgetpu-compiler")
    assert with_compiler["notes"][0].endswith("Run: envdoctor toolchain install qemu-x86_64")
    assert with_both["routes"][0] == "edgetpu@qemu"
    assert with_both["notes"] == []
    assert summary["all_set_up"]["routes"][1] == "edgetpu@binfmt"


def test_builds_explicitly_by_the_handler_and_from_the_one_to_the_other(summary):
    assert summary["under-qemu"]["attempts"] == [["edgetpu@qemu", ["done"]]]
    assert summary["by-the-handler"]["attempts"] == [["edgetpu@binfmt", ["done"]]]
    assert summary["fall-back"]["attempts"] == [["edgetpu@qemu", ["failed"]], ["edgetpu@binfmt", ["done"]]]
    for name in ("under-qemu", "by-the-handler", "fall-back"):
        assert (summary[name]["code"], len(summary[name]["made"])) == (0, 1)


STATES = {
    "not mounted": {"EMU003"},
    "no handler": {"EMU005"},
    "wrong magic": {"EMU005"},
    "a mask without the loader": {"EMU007"},
    "interpreter missing, no F": {"EMU008"},
    "interpreter not executable, no F": {"EMU009"},
    "interpreter is no emulator": {"EMU017"},
    "another handler before it": {"EMU011"},
    "handler disabled": {"EMU006"},
    "all switched off": {"EMU004"},
    "F, and the interpreter is deleted": {"EMU013"},
    "all set up": set(),
    "after an umount": {"EMU005"},
    "mounted elsewhere": set(),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_own_finding(summary, state):
    found = set(summary["states"][state])
    assert STATES[state] <= found
    if not STATES[state]:
        assert found <= {"EMU010", "TCH009"}  # both merely noted


@pytest.mark.parametrize("code", ["EMU003", "EMU006"])
def test_fix_really_mends_what_needs_root(summary, code):
    assert summary["mended"][code] == "fixed"


def test_the_same_with_pages_of_16_kib(tmp_path, package):
    large = kernel("trixie", r"linux-image-[\d.]+\+deb13-arm64-16k")
    (qemu,) = Debian("trixie").download("qemu-user", closure=False)
    found = run(tmp_path, package, large, qemu, "--short")
    assert (found["machine"], found["page_size"]) == ("aarch64", 16384)
    assert found["under-qemu"]["attempts"] == [["edgetpu@qemu", ["done"]]]
