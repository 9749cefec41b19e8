"""Asking ldd and otool: of which files, in what way, and what becomes of tools that fail."""

import os
import platform
import sys

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import FactUnavailable
from envdoctor.facts.host import Host
from envdoctor.facts.witness import asking
from extensions import compile_module
from library_facts import MACOS, WINDOWS
from loading_facts import HERE, MODULE, Spoken, loading_facts
from native_files import build_library, elf_bytes, macho_bytes, rename_version, universal_bytes
from sites import Site

TOPICS = frozenset({"machine", "witness"})
MUSL = Host(libc="musl", libc_version="1.2.3", distribution="alpine")
INTEL = {"machine": "x86_64"}
posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in for ldd is a shell script")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def facts_about(site, tmp_path):
    """The facts of an environment with these files, asked with `--witness`."""

    def facts_about(files, executor=None, host=None, python=INTEL, topics=TOPICS):
        site.install("foo", files={f"foo/{name}": content for name, content in files.items()})
        return loading_facts(
            site, cache=tmp_path / "cache", executor=executor, topics=topics, host=host or Host(), python=python
        )

    return facts_about


def spoken(stdout, returncode=0, **fields):
    """A test double for an executor whose every tool prints the same."""
    return Spoken(lambda command: CommandResult(argv=command.argv, returncode=returncode, stdout=stdout, **fields))


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Puts a stand-in for ldd before all others, a shell script of these lines."""

    def tool(*lines):
        folder = tmp_path / "stand-in"
        folder.mkdir(exist_ok=True)
        (folder / "ldd").write_text("\n".join(["#!/bin/sh", *lines, ""]))
        (folder / "ldd").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return tool


# Of which files, and how


def test_nothing_is_run_unless_it_is_asked_for(facts_about):
    executor = spoken("\tstatically linked\n")
    facts = facts_about({"_m.so": elf_bytes()}, executor, topics=frozenset({"machine"}))
    assert (facts.witness.tool, facts.witness.accounts, executor.asked) == ("", (), [])


def test_modules_first_each_once_and_none_of_another_system(facts_about, site):
    executor = spoken("\tstatically linked\n")
    foreign = {"arm.so": elf_bytes(machine=183), "mac.so": macho_bytes(), "text.so": "text"}
    facts = facts_about({"liba.so.1": elf_bytes(), "_m.abi3.so": elf_bytes(), **foreign}, executor)
    site.install("bar", files={"foo/liba.so.1": elf_bytes()})  # it claims the same file
    witness = facts.witness
    paths = [str(site.path / "foo/_m.abi3.so"), str(site.path / "foo/liba.so.1")]
    assert [one.path for one in witness.accounts] == paths
    assert sorted(one.argv for one in executor.asked) == [("ldd", path) for path in paths]
    assert (witness.tool, witness.disagreements, witness.silent, witness.left) == ("ldd", (), (), 0)


def test_the_variables_that_would_change_its_answer_are_taken_away(facts_about):
    executor = spoken("\tstatically linked\n")
    assert facts_about({"_m.so": elf_bytes()}, executor).witness.accounts
    (command,) = executor.asked
    assert command.env == {"LC_ALL": "C", "LD_PRELOAD": None, "LD_AUDIT": None, "LD_DEBUG": None}
    assert 0 < command.timeout <= 20


def test_windows_has_no_witness(facts_about):
    with pytest.raises(FactUnavailable, match="Windows has no tool like ldd"):
        _ = facts_about({}, spoken(""), WINDOWS).witness


# What it says


def test_a_witness_that_says_something_else(facts_about, site):
    path = str(site.path / "foo/_m.so")
    executor = spoken("\tlibgone.so.1 => /opt/libgone.so.1 (0x00007f00)\n")
    (each,) = facts_about({"_m.so": elf_bytes(["libgone.so.1"])}, executor).witness.disagreements
    assert (each.name, each.ours, each.theirs) == ("libgone.so.1", "not found", "/opt/libgone.so.1")
    assert (each.account.path, each.account.command) == (path, ("ldd", path))
    assert each.account.about("libgone.so.1") == "libgone.so.1 => /opt/libgone.so.1 (0x00007f00)"
    assert each.account.about("libgone.so") == ""  # another library's name begins so


def test_a_static_program_needs_nothing(facts_about):
    executor = spoken("\tnot a dynamic executable\n", returncode=1)
    witness = facts_about({"bin.so": elf_bytes(), "_m.so": elf_bytes(["libx.so"])}, executor).witness
    assert [one.path.rpartition("/")[2] for one in witness.accounts] == ["bin.so"]
    ((path, words),) = witness.silent  # of a file that needs libraries it says nothing by that
    assert (path.rpartition("/")[2], words) == ("_m.so", "not a dynamic executable")
    assert witness.disagreements == ()


@pytest.mark.slow
def test_what_it_printed_is_kept_in_bounds(facts_about):
    executor = spoken("\tlibx.so => not found\n" + "\tlibx.so => not found\n" * 50_000)
    (account,) = facts_about({"_m.so": elf_bytes(["libx.so"])}, executor).witness.accounts
    assert len(account.printed) == 1 << 16


def test_musl_and_its_exit_status(facts_about):
    """musl's ldd fails for every extension module, since Python's own symbols are not there."""
    printed = "\t/lib/ld-musl-x86_64.so.1 (0x7f00)\n\tlibc.so => /lib/ld-musl-x86_64.so.1 (0x7f00)\n"
    words = (
        "Error loading shared library libgone.so: No such file or directory (needed by _m.so)\n"
        "Error relocating _m.so: PyExc_ImportError: symbol not found\n"
    )
    executor = spoken(printed, 127, stderr=words)
    witness = facts_about({"_m.so": elf_bytes(["libgone.so", "libc.so"])}, executor, MUSL).witness
    assert len(witness.accounts) == 1
    assert (witness.disagreements, witness.silent) == ((), ())


# Tools that fail


def only_silent(facts):
    """Why the witness said nothing of the one file there is."""
    witness = facts.witness
    assert (witness.accounts, witness.disagreements) == ((), ())
    ((_, words),) = witness.silent
    return words


@posix
@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["exit 3"], "exited with status 3"),
        (["echo 'ldd: no such loader' >&2", "exit 1"], "ldd: no such loader"),
        (["echo '\tlibx.so => not found'", "kill -KILL $$"], "was killed by SIGKILL (signal 9)"),
        (["printf 'a\\033[2Jb\\n'"], "a\\x1b[2Jb"),
    ],
)
def test_a_tool_that_fails(facts_about, tool, lines, words):
    tool(*lines)
    assert only_silent(facts_about({"_m.so": elf_bytes(["libx.so"])})) == words


@posix
def test_a_tool_that_hangs(facts_about, tool, monkeypatch):
    monkeypatch.setattr(asking, "_ONE", 0.3)
    tool("echo '\tlibx.so => not found'", "sleep 60")
    assert "time limit" in only_silent(facts_about({"_m.so": elf_bytes(["libx.so"])}))


@posix
def test_a_tool_that_prints_without_end(facts_about, tool, monkeypatch):
    monkeypatch.setattr("envdoctor.executors.local.FLOOD", 1 << 20)
    tool("yes '\tlibx.so => not found'")
    assert "output limit" in only_silent(facts_about({"_m.so": elf_bytes(["libx.so"])}))


@posix
def test_a_tool_that_is_not_there(facts_about, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert only_silent(facts_about({"_m.so": elf_bytes()})).startswith("could not be started: ldd: ")


def test_the_time_for_all_files_is_over(facts_about, monkeypatch):
    monkeypatch.setattr(asking, "_ALL", 0.0)
    executor = spoken("")
    witness = facts_about({"_m.so": elf_bytes(), "_n.so": elf_bytes()}, executor).witness
    assert (witness.left, witness.accounts, executor.asked) == (2, (), [])


# otool


def mac(answers, **files):
    """The test double of a Mac whose otool prints what `answers` has for an architecture."""

    def answer(command):
        if command.argv == ("xcode-select", "-p"):
            return CommandResult(argv=command.argv, returncode=0, stdout="/Library/Developer/CommandLineTools\n")
        program, option, architecture, kind, _ = command.argv
        assert (program, option, kind) == ("otool", "-arch", "-L")
        printed = answers.get(architecture)
        return CommandResult(argv=command.argv, returncode=1 if printed is None else 0, stdout=printed or "", **files)

    return Spoken(answer)


def listing(*names):
    return "/e/_m.so:\n" + "".join(f"\t{name} (compatibility version 0.0.0, current version 0.0.0)\n" for name in names)


def test_otool_is_asked_for_the_architecture_of_python(facts_about):
    fat = universal_bytes(
        x86_64=macho_bytes(["@rpath/intel.dylib"], architecture="x86_64"),
        arm64=macho_bytes(["@rpath/arm.dylib"], install_name="bazel-out/m.dylib"),
    )
    answers = {"arm64": listing("bazel-out/m.dylib", "@rpath/arm.dylib"), "x86_64": listing("@rpath/intel.dylib")}
    for machine in answers:
        witness = facts_about({"_m.so": fat}, mac(answers), MACOS, {"machine": machine}).witness
        assert (witness.tool, len(witness.accounts)) == ("otool -L", 1)
        assert (witness.disagreements, witness.silent) == ((), ())


def test_otool_that_reads_something_else(facts_about):
    executor = mac({"arm64": listing("@rpath/other.dylib")})
    files = {"_m.so": macho_bytes(["@rpath/one.dylib"])}
    rows = facts_about(files, executor, MACOS, {"machine": "arm64"}).witness.disagreements
    assert [(one.name, one.ours, one.theirs) for one in rows] == [
        ("@rpath/one.dylib", "named", "not named"),
        ("@rpath/other.dylib", "not named", "named"),
    ]


def test_otool_that_fails(facts_about):
    executor = mac({}, stderr="error: otool: can't open file: _m.so (Permission denied)\n")
    facts = facts_about({"_m.so": macho_bytes()}, executor, MACOS, {"machine": "arm64"})
    assert only_silent(facts) == "error: otool: can't open file: _m.so (Permission denied)"


def test_otool_is_not_called_where_it_would_open_a_window(facts_about):
    executor = spoken("", returncode=2)
    with pytest.raises(FactUnavailable, match="Apple's command line tools, which are not installed"):
        _ = facts_about({"_m.so": macho_bytes()}, executor, MACOS, {"machine": "arm64"}).witness
    assert [one.argv for one in executor.asked] == [("xcode-select", "-p")]


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="asks glibc's ldd about compiled modules")
def test_the_system_s_own_ldd(facts_about, site, tmp_path):
    """A library that is found along the runpath, one that is missing, and a version that is not there."""
    build_library(tmp_path / "libgone.so", "int gone;", "-Wl,-soname,libgone.so.1")
    (tmp_path / "map").write_text("X_1.0 { global: *; };")
    script = f"-Wl,--version-script,{tmp_path / 'map'}"
    versioned = build_library(tmp_path / "libx.so", "int x(void){return 1;}", "-Wl,-soname,libx.so", script)
    flags = ("-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN", f"-L{tmp_path}", "-lx", "-lgone")
    content = compile_module(tmp_path, "_m", flags=flags, head="int x(void);", body="x();")
    old = rename_version(versioned.read_bytes(), b"X_1.0", b"X_0.5")
    python = {"machine": platform.machine(), "executable": sys.executable}
    host = Host(machine=platform.machine(), libc_version=platform.libc_ver()[1])
    for library, lacked in ((versioned.read_bytes(), []), (old, ["X_1.0"])):
        witness = facts_about({MODULE: content, "libx.so": library}, None, host, python).witness
        (account,) = (one for one in witness.accounts if one.path.endswith(MODULE))
        assert account.words.found["libx.so"] == (str(site.path / "foo/libx.so"),)
        assert account.words.found["libgone.so.1"] == ("",)
        assert [one.version for one in account.words.versions] == lacked
        assert (witness.disagreements, witness.silent) == ((), ())
