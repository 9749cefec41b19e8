"""ld.so's rules: each checked against the manual page, and all of them against ldd on this machine's own files."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.ldcache import read_ld_cache
from envdoctor.binaries.resolve import LoadSession
from envdoctor.binaries.resolve_elf import ElfSearch, MuslSearch
from envdoctor.binaries.tree import InstalledTree
from native_files import build_library, elf_bytes
from planned import elf, image, missing_names, session
from thoroughness import amount


def paths(search, name, loaded):
    return [candidate.path for candidate in search.candidates(name, loaded)]


def test_rpath_is_inherited_and_runpath_is_not():
    files = {
        "/e/m.so": elf("liba.so", rpath=("$ORIGIN/libs",)),
        "/e/libs/liba.so": elf("libb.so"),
        "/e/libs/libb.so": elf(),
    }
    assert not session(ElfSearch(), files).load("/e/m.so").missing
    files["/e/m.so"] = elf("liba.so", runpath=("$ORIGIN/libs",))
    assert missing_names(session(ElfSearch(), files).load("/e/m.so")) == ["libb.so"]


def test_a_runpath_of_its_own_keeps_a_library_from_inheriting():
    outer = image("/e/m.so", elf(rpath=("/outer",)))
    inner = image("/e/a.so", elf(runpath=("/inner",)), outer)
    assert paths(ElfSearch(), "x.so", inner) == ["/inner/x.so"]


def test_an_empty_runpath_keeps_a_library_from_inheriting_too():
    """As patchelf leaves it; glibc's elf/dl-load.c looks at inherited RPATHs only where the tag is absent."""
    outer = image("/e/m.so", elf(rpath=("/outer",)))
    inner = image("/e/a.so", elf(has_empty_runpath=True), outer)
    assert paths(ElfSearch(), "x.so", inner) == []
    assert paths(MuslSearch(), "x.so", inner) == ["/outer/x.so"]


def test_the_order_of_the_manual():
    program = image("/usr/bin/python", elf(rpath=("$ORIGIN/../lib",)))
    search = ElfSearch(
        program=program,
        library_path=("/env",),
        cache={"x.so": "/cached/x.so"},
        default_directories=("/lib", "/usr/lib"),
    )
    outer = image("/e/m.so", elf(rpath=("/outer",)))
    assert paths(search, "x.so", image("/e/a.so", elf(rpath=("${ORIGIN}/r",)), outer)) == [
        "/e/r/x.so",
        "/outer/x.so",
        "/usr/bin/../lib/x.so",
        "/env/x.so",
        "/cached/x.so",
        "/lib/x.so",
        "/usr/lib/x.so",
    ]
    assert paths(search, "x.so", image("/e/a.so", elf(runpath=("/run",)), outer))[:2] == ["/env/x.so", "/run/x.so"]


def test_a_name_with_a_slash_is_a_path():
    assert paths(ElfSearch(cache={"/a/x.so": "/no"}), "/a/x.so", image("/e/m.so", elf())) == ["/a/x.so"]


def test_a_needed_path_begins_where_the_file_is():
    """glibc fills $ORIGIN into needed names, and compares them so; musl takes them as they are."""
    name = "$ORIGIN/libx.so"
    files = {"/a/m.so": elf(name, "../b/n.so"), "/a/libx.so": elf(), "../b/n.so": elf(), "/b/n.so": elf(name)}
    process = session(ElfSearch(), files)
    assert [each.path for each in process.load("/a/m.so").resolutions] == ["/a/libx.so", "../b/n.so"]
    assert [each.path for each in process.load("/b/n.so").resolutions] == [""]  # another $ORIGIN, another file
    assert paths(MuslSearch(), name, image("/a/m.so", elf())) == [name]


def test_a_file_answers_to_every_name_by_which_it_was_found(tmp_path):
    """One that is needed by a path and then found by its name is known by that name to files that can't find it."""
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub/libx.so"
    for folder, name, needs, search in (
        ("sub", "libx.so", [], None),
        (".", "libz.so", ["libx.so"], None),
        (".", "m.so", [str(path), "libx.so", "libz.so"], "$ORIGIN/sub:$ORIGIN"),
    ):
        (tmp_path / folder / name).write_bytes(elf_bytes(needs, runpath=search))
    for search in (ElfSearch(), MuslSearch()):
        result = LoadSession(InstalledTree(), search, "x86_64").load(str(tmp_path / "m.so"))
        assert missing_names(result) == []
        assert result.files.count(str(path)) == 1


def test_what_is_for_another_processor_ends_the_search_of_musl():
    files = {"/e/m.so": elf("libx.so"), "/a/libx.so": elf(architectures=("aarch64",)), "/b/libx.so": elf()}
    for kind, path in ((ElfSearch, "/b/libx.so"), (MuslSearch, "")):
        (resolution,) = session(kind(library_path=["/a", "/b"]), files).load("/e/m.so").resolutions
        assert resolution.path == path
        assert resolution.considered[0].problem == "is for aarch64"


def test_nodefaultlib_leaves_out_cache_and_default_folders():
    search = ElfSearch(cache={"x.so": "/cached/x.so"}, default_directories=("/lib",))
    assert paths(search, "x.so", image("/e/m.so", elf(skips_default_directories=True))) == []


def test_musl_asks_the_environment_first_and_inherits_both():
    outer = image("/e/m.so", elf(runpath=("/outer",)))
    search = MuslSearch(library_path=("/env",), default_directories=("/lib",))
    expected = ["/env/x.so", "/inner/x.so", "/outer/x.so", "/lib/x.so"]
    assert paths(search, "x.so", image("/e/a.so", elf(rpath=("/inner",)), outer)) == expected


def test_musl_knows_loaded_libraries_by_file_name_only():
    files = {"/e/m.so": elf("libx.so.1"), "/o/libx.so": elf(own_name="libx.so.1")}
    for search, missing in ((ElfSearch(), []), (MuslSearch(), ["libx.so.1"])):
        process = session(search, files)
        process.load("/o/libx.so")
        assert missing_names(process.load("/e/m.so")) == missing


needs_ldd = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("ldd") is None or not Path("/etc/ld.so.cache").exists(),
    reason="needs glibc's ldd",
)


def _here():
    machine = os.uname().machine
    with FileBytes("/etc/ld.so.cache") as source:
        cache = read_ld_cache(source, machine)
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    folders = (f"/lib/{multiarch}", f"/usr/lib/{multiarch}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
    return LoadSession(InstalledTree(), ElfSearch(cache=cache, default_directories=folders), machine)


def _ours(path):
    found = {}
    for each in _here().load(str(path)).resolutions:
        if "/" not in each.need.name and not each.need.name.startswith("ld-linux"):
            found.setdefault(each.need.name, os.path.realpath(each.path) if each.path else None)
    return found


def _theirs(path):
    printed = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    lines = filter(None, (re.match(r"\s*(\S+) => (not found|/.*(?= \(0x)|\S+)", line) for line in printed.splitlines()))
    pairs = [(line[1], None if line[2] == "not found" else os.path.realpath(line[2])) for line in lines]
    return {name: path for name, path in pairs if not name.startswith("ld-linux")}


@pytest.mark.slow
@needs_ldd
def test_ldd_finds_the_same_for_every_installed_module():
    roots = sysconfig.get_path("platlib"), sysconfig.get_config_var("DESTSHARED")
    files = (path for root in roots for path in Path(root).rglob("*.so"))
    modules = [path for path in files if path.read_bytes()[:4] == b"\x7fELF"]
    assert modules
    for path in modules[: amount(60)]:
        assert _ours(path) == _theirs(path), path


@pytest.mark.slow
@needs_ldd
@pytest.mark.parametrize("tags", ["--disable-new-dtags", "--enable-new-dtags"])
def test_ldd_finds_the_same_by_rpath_and_by_runpath(tmp_path, tags):
    (tmp_path / "libs").mkdir()
    build_library(tmp_path / "libs/libinner.so", "int inner(void){return 1;}")
    link = (f"-L{tmp_path}/libs", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined")
    build_library(tmp_path / "libs/libouter.so", "int inner(void);int outer(void){return inner();}", *link, "-linner")
    module = build_library(
        tmp_path / "module.so",
        "int outer(void);int m(void){return outer();}",
        *link,
        "-louter",
        f"-Wl,{tags},-rpath,$ORIGIN/libs",
    )
    ours = _ours(module)
    assert ours == _theirs(module)
    assert (ours["libinner.so"] is None) == (tags == "--enable-new-dtags")
