"""What all platforms have in common: the walk, what is loaded already, what is taken back, what was considered."""

import pytest

from envdoctor.binaries.library import Need, NeedKind
from envdoctor.binaries.policy import SystemPolicy
from envdoctor.binaries.resolve import Outcome
from envdoctor.binaries.resolve_elf import ElfSearch
from envdoctor.binaries.tree import PlannedTree
from envdoctor.core.errors import Unreadable
from envdoctor.core.target import Libc, Platform, System
from planned import elf, missing_names, session

LINUX = SystemPolicy(Platform(system=System.LINUX, arch="x86_64", version=(2, 28), libc=Libc.GLIBC))
SEARCH = ElfSearch(policy=LINUX)


def test_needs_are_followed_to_the_last():
    files = {
        "/e/m.so": elf("liba.so", "libc.so.6", runpath=("$ORIGIN",)),
        "/e/liba.so": elf("libb.so", runpath=("$ORIGIN",)),
        "/e/libb.so": elf("libgone.so", "libc.so.6"),
    }
    result = session(SEARCH, files).load("/e/m.so")
    assert result.files == ("/e/m.so", "/e/liba.so", "/e/libb.so")
    assert missing_names(result) == ["libgone.so"]
    assert result.missing[0].loader == "/e/libb.so"


def test_a_cycle_ends():
    files = {"/e/a.so": elf("b.so", runpath=("$ORIGIN",)), "/e/b.so": elf("a.so", runpath=("$ORIGIN",))}
    result = session(SEARCH, files).load("/e/a.so")
    assert not result.missing
    assert len(result.files) == 2


def test_what_the_system_brings_is_not_missing():
    result = session(SEARCH, {"/e/a.so": elf("libc.so.6", "libGL.so.1")}).load("/e/a.so")
    assert [each.outcome for each in result.resolutions] == [Outcome.PROMISED, Outcome.ASSUMED]


def test_weak_and_delayed_needs_break_nothing():
    needs = (Need(name="libw.so", kind=NeedKind.WEAK), Need(name="libd.so", kind=NeedKind.DELAYED))
    result = session(SEARCH, {"/e/a.so": elf(*needs)}).load("/e/a.so")
    assert [each.outcome for each in result.resolutions] == [Outcome.MISSING, Outcome.MISSING]
    assert not result.missing


def test_the_paths_considered_are_told_in_order():
    files = {"/e/a.so": elf("libx.so", runpath=("/one", "$ORIGIN/two", "/one"))}
    (missing,) = session(SEARCH, files).load("/e/a.so").missing
    assert [(each.path, each.problem) for each in missing.considered] == [
        ("/one/libx.so", "not there"),
        ("/e/two/libx.so", "not there"),
    ]
    assert missing.considered[0].rule == "RUNPATH of /e/a.so"


def test_a_library_of_another_architecture_is_passed_over():
    files = {
        "/e/a.so": elf("libx.so", runpath=("/one", "/two")),
        "/one/libx.so": elf(architectures=("aarch64",)),
        "/two/libx.so": elf(),
    }
    (found,) = session(SEARCH, files).load("/e/a.so").resolutions
    assert found.path == "/two/libx.so"
    assert [each.problem for each in found.considered] == ["is for aarch64", ""]


def test_a_file_that_cannot_be_read_is_found_and_said_to_be_so():
    files = {"/e/a.so": elf("libx.so", runpath=("$ORIGIN",)), "/e/libx.so": Unreadable("cut off")}
    result = session(SEARCH, files).load("/e/a.so")
    assert result.resolutions[0].outcome is Outcome.FOUND
    assert result.unusable == (("/e/libx.so", "can't be read: cut off"),)


def test_a_first_file_that_cannot_be_used_is_said_to_be_so():
    files = {"/e/a.so": elf(architectures=("aarch64",)), "/e/b.so": Unreadable("cut off")}
    assert session(SEARCH, files).load("/e/a.so").unusable == (("/e/a.so", "is for aarch64, not for x86_64"),)
    assert session(SEARCH, files).load("/e/b.so").unusable == (("/e/b.so", "cut off"),)
    assert session(SEARCH, files).load("/e/c.so").unusable == (("/e/c.so", "there is no such file"),)


def test_what_was_loaded_before_meets_later_needs():
    files = {"/e/m.so": elf("libx.so.1"), "/other/libx.so": elf(own_name="libx.so.1")}
    process = session(SEARCH, files)
    assert missing_names(process.load("/e/m.so")) == ["libx.so.1"]
    process.load("/other/libx.so")
    result = process.load("/e/m.so")
    assert result.resolutions[0].outcome is Outcome.LOADED
    assert result.resolutions[0].path == "/other/libx.so"


def test_nothing_stays_of_a_file_that_failed():
    files = {
        "/e/broken.so": elf("libx.so", "libgone.so", runpath=("$ORIGIN/in",)),
        "/e/in/libx.so": elf(own_name="libx.so"),
        "/e/m.so": elf("libx.so"),
    }
    process = session(SEARCH, files)
    assert process.load("/e/broken.so").missing
    assert missing_names(process.load("/e/m.so")) == ["libx.so"]


def test_one_file_under_two_paths_is_loaded_once():
    files = {
        "/e/m.so": elf("liba.so", "libb.so", runpath=("$ORIGIN/x",)),
        "/e/x/liba.so": elf("libc1.so", runpath=("$ORIGIN/../y",)),
        "/e/x/libb.so": elf("libc1.so", runpath=("$ORIGIN/../x/../y",)),
        "/e/y/libc1.so": elf(),
    }
    assert PlannedTree(files).canonical("/e/x/../y/libc1.so") == "/e/y/libc1.so"
    assert len(session(SEARCH, files).load("/e/m.so").files) == 4


@pytest.mark.slow
def test_a_file_that_wants_to_be_searched_for_ever_is_given_up(monkeypatch):
    monkeypatch.setattr("envdoctor.binaries.resolve._MOST_TRIED", 20_000)
    paths = tuple(f"/d{number}" for number in range(50))
    needs = [f"lib{number}.so" for number in range(1000)]
    files = {"/e/a.so": elf(*needs, runpath=paths)}
    result = session(SEARCH, files).load("/e/a.so")
    assert result.unusable == (("/e/a.so", "needs more libraries, or more places to look for them, than are followed"),)
    assert sum(len(each.considered) for each in result.resolutions) <= 20_000
