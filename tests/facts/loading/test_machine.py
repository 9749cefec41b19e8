"""How each platform's loader searches, from given facts and variables."""

import platform
import sys

import pytest

from envdoctor.binaries.resolve_elf import ElfSearch, MuslSearch
from envdoctor.binaries.resolve_macho import MachoSearch
from envdoctor.binaries.resolve_pe import PeSearch
from envdoctor.binaries.tree import InstalledTree
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.target import Libc, Platform, System
from envdoctor.facts import Facts
from envdoctor.facts.host import Host
from envdoctor.facts.loading.machine import HiddenLibraries, read_loader, search_of, target_of
from envdoctor.facts.python import Python
from envdoctor.support.target_names import target_name
from native_files import elf_bytes
from planned import elf, image, macho, pe

MACOS = Host(system="macos", version="14.5", machine="arm64", libc="", libc_version=None)
WINDOWS = Host(system="windows", version="10.0.22631", machine="x86_64", libc="", libc_version=None)
MUSL = Host(libc="musl", libc_version="1.2.5", distribution="alpine")


@pytest.fixture(autouse=True)
def musl_paths(monkeypatch, tmp_path):
    """This machine may have musl, and its path file, of its own."""
    monkeypatch.setattr("envdoctor.facts.loading.machine._MUSL_PATHS", str(tmp_path / "ld-musl-{}.path"))


def loader_of(host, variables=None, **python):
    return read_loader(Facts(host=host, python=Python(**python)), variables or {})


@pytest.mark.parametrize(
    ("host", "python", "name"),
    [
        (Host(), {}, "linux-x86_64-cp311-glibc2.36"),
        (MUSL, {"version": "3.12.1"}, "linux-x86_64-cp312-musl1.2"),
        (MACOS, {"machine": "arm64", "version": "3.13.0"}, "macos14.5-arm64-cp313"),
        (WINDOWS, {"version": "3.14.0rc2", "free_threaded": True}, "windows-amd64-cp314t"),
        (WINDOWS, {"machine": "x86"}, "windows-x86-cp311"),
        (Host(libc_version=None), {"implementation": "pypy", "version": "3.10.14"}, "linux-x86_64-pp310"),
    ],
)
def test_the_examined_interpreter_as_a_target(host, python, name):
    assert target_name(target_of(host, Python(**python))) == name


def test_systems_without_a_known_loader():
    with pytest.raises(FactUnavailable, match="how freebsd14 loads libraries is not known"):
        target_of(Host(system="freebsd14"), Python())


@pytest.mark.parametrize(
    ("told", "folders"),
    [(None, ()), ("", ()), ("/a:/b", ("/a", "/b")), ("/a;/b", ("/a", "/b")), ("/a::/b", ("/a", ".", "/b"))],
)
def test_the_environment_s_folders(told, folders):
    """An empty part is the working folder; an empty variable is none (ld.so(8))."""
    loader = loader_of(Host(), {} if told is None else {"LD_LIBRARY_PATH": told})
    assert loader.library_path == folders
    assert loader.sources[0] == ("LD_LIBRARY_PATH", told or "not set")


@pytest.mark.parametrize(
    ("machine", "folders"),
    [
        ("x86_64", ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib")),
        ("armv7l", ("/lib/arm-linux-gnueabihf", "/usr/lib/arm-linux-gnueabihf", "/lib", "/usr/lib")),
    ],
)
def test_glibc_s_folders(machine, folders):
    loader = loader_of(Host(machine=machine), machine=machine)
    assert loader.folders == folders
    assert loader.architecture == machine
    assert not loader.musl


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads this system's ld.so.cache")
def test_this_machine_s_cache():
    loader = loader_of(Host(machine=platform.machine()), machine=platform.machine())
    source, words = loader.sources[1]
    assert source == "/etc/ld.so.cache"
    assert words == f"{len(loader.cache)} names" or not loader.cache


def test_a_cache_that_is_not_there_is_said_to_be_so(monkeypatch, tmp_path):
    monkeypatch.setattr("envdoctor.facts.loading.machine._LD_CACHE", str(tmp_path / "ld.so.cache"))
    loader = loader_of(Host())
    assert loader.cache == {}
    assert loader.sources[1][0] == str(tmp_path / "ld.so.cache")
    assert "No such file" in loader.sources[1][1]


def test_musl():
    loader = loader_of(MUSL, {"LD_LIBRARY_PATH": "/a"})
    assert loader.musl
    assert loader.cache == {}
    assert loader.folders == ("/lib", "/usr/local/lib", "/usr/lib")
    assert [name for name, _ in loader.sources] == ["LD_LIBRARY_PATH"]


def test_musl_s_path_file(tmp_path):
    (tmp_path / "ld-musl-armhf.path").write_text("/one:/two\n/three\n")
    loader = loader_of(Host(libc="musl", machine="armv7l"), machine="armv7l")
    assert loader.folders == ("/one", "/two", "/three")


def test_macos():
    loader = loader_of(MACOS, {"DYLD_LIBRARY_PATH": "/a", "LD_LIBRARY_PATH": "/b"}, machine="arm64")
    assert (loader.system, loader.architecture, loader.library_path) == (System.MACOS, "arm64", ("/a",))
    assert loader.folders == ()


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", "amd64"), ("x86", "win32"), ("arm64", "arm64")])
def test_windows(machine, architecture):
    loader = loader_of(WINDOWS, {"SystemRoot": "D:/Win"}, machine=machine, base_prefix="C:/Python311")
    assert loader.architecture == architecture
    assert loader.folders == ("C:/Python311", "D:/Win/System32")
    assert loader.sources == (("SystemRoot", "D:/Win"),)


def test_programs_of_32_bits_see_another_system32(tmp_path):
    (tmp_path / "SysWOW64").mkdir()
    (tmp_path / "System32").mkdir()
    for machine, name in (("x86", "SysWOW64"), ("x86_64", "System32")):
        loader = loader_of(WINDOWS, {"SystemRoot": str(tmp_path)}, machine=machine)
        assert loader.folders[1] == f"{tmp_path}/{name}"


def test_each_loader_s_order(tmp_path):
    program = tmp_path / "python"
    program.write_bytes(elf_bytes(kind=2, interpreter="/lib64/ld-linux-x86-64.so.2", rpath="/program"))
    variables = {"LD_LIBRARY_PATH": "/env", "DYLD_LIBRARY_PATH": "/env", "SystemRoot": "/win"}
    cases = (
        (Host(), {}, ElfSearch, elf, ["/program/libx.so", "/env/libx.so", "/lib/x86_64-linux-gnu/libx.so"]),
        (MUSL, {}, MuslSearch, elf, ["/env/libx.so", "/program/libx.so", "/lib/libx.so"]),
        (MACOS, {"machine": "arm64"}, MachoSearch, macho, ["/env/libx.so", "libx.so"]),
        (
            WINDOWS,
            {"base_prefix": "/py"},
            PeSearch,
            pe,
            ["/e/libx.so", "/py/libx.so", "/added/libx.so", "/win/System32/libx.so"],
        ),
    )
    for host, python, kind, library, paths in cases:
        loader = loader_of(host, variables, executable=str(program), **python)
        search = search_of(loader, InstalledTree(), ["/added"])
        assert isinstance(search, kind)
        found = [one.path for one in search.candidates("libx.so", image("/e/m.so", library()))]
        assert found[: len(paths)] == paths


@pytest.mark.parametrize("content", [b"#!/bin/sh\nexec python\n", None], ids=["a script", "absent"])
def test_a_program_that_cannot_be_read_passes_on_nothing(tmp_path, content):
    if content:
        (tmp_path / "python").write_bytes(content)
    loader = loader_of(MUSL, {}, executable=str(tmp_path / "python"))
    search = search_of(loader, InstalledTree())
    assert next(one.path for one in search.candidates("x.so", image("/e/m.so", elf()))) == "/lib/x.so"


@pytest.mark.parametrize(
    ("system", "name", "brought"),
    [
        (System.MACOS, "/usr/lib/libSystem.B.dylib", True),
        (System.MACOS, "@rpath/libfoo.dylib", False),
        (System.WINDOWS, "api-ms-win-crt-runtime-l1-1-0.dll", True),
        (System.WINDOWS, "KERNEL32.dll", False),  # a file in System32, to be found there
        (System.WINDOWS, "MSVCP140.dll", False),
    ],
)
def test_what_no_file_shows(system, name, brought):
    hidden = HiddenLibraries(Platform(system=system, arch="arm64"))
    assert (hidden.provides(name) is not None) is brought


def test_libc_is_told_apart():
    assert target_of(MUSL, Python()).platform.libc is Libc.MUSL
    assert target_of(MACOS, Python(machine="arm64")).platform.libc is None
