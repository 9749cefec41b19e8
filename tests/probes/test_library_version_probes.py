"""Probes of libraries and systems that are too old or refuse a file (LIB004 to LIB008)."""

import dataclasses
import platform

import pytest

from asking import answer, ask
from envdoctor.binaries.library import BinaryFormat, NativeLibrary
from envdoctor.core.finding import Evidence, Outcome
from envdoctor.facts.host import Host
from envdoctor.facts.loading.versions import MissingVersion
from envdoctor.facts.natives import NativeFile, Natives
from envdoctor.facts.python import Python
from envdoctor.facts.witness import Witness
from extensions import compile_module
from library_facts import FOO, MACOS, MATRIX, WINDOWS, environment, heard, lacks
from loading_facts import HERE, MODULE, import_in_child, loading_facts
from native_files import macho_bytes, pe_bytes
from package_facts import ERROR, INFO, WARNING
from sites import Site

# LIB004 and LIB005


def version(asked="GLIBC_2.38", newest="GLIBC_2.36", *, reached=True, name="_m.so", **fields):
    file = NativeFile(distribution=FOO, path=f"/sp/foo/{name}")
    defaults = {"library": "libc.so.6", "found": "/lib/x86_64-linux-gnu/libc.so.6"}
    return MissingVersion(file=file, version=asked, newest=newest, reached=reached, **(defaults | fields))


@pytest.mark.parametrize(("reached", "severity"), [(True, ERROR), (False, INFO)])
def test_a_newer_glibc_is_needed(reached, severity):
    (finding,) = ask("LIB004", **environment(versions=(version(reached=reached),)))
    assert (finding.severity, finding.subject) == (severity, "foo")
    assert finding.message == (
        "_m.so of foo 1.0 can't be loaded: it needs GLIBC_2.38, and libc.so.6 here has GLIBC_2.36 at most."
    )
    assert finding.evidence == (
        Evidence(source="/sp/foo/_m.so", excerpt="needs GLIBC_2.38 of libc.so.6"),
        Evidence(source="/lib/x86_64-linux-gnu/libc.so.6", excerpt="defines GLIBC_2.36 as its newest"),
    )
    assert finding.fix.commands == MATRIX


def test_files_of_one_distribution_are_told_once_by_the_worst():
    rows = (version(reached=False, name="libp.so"), version(), version(name="_n.so", newest=""))
    (finding,) = ask("LIB004", **environment(versions=rows))
    assert finding.severity is ERROR
    assert finding.message.startswith("_m.so and 2 more files of foo 1.0 can't be loaded: ")


def test_a_file_that_asks_too_much_of_two_libraries_is_one_file():
    (finding,) = ask("LIB004", **environment(versions=(version(), version(library="libm.so.6"))))
    assert finding.message.startswith("_m.so of foo 1.0 can't be loaded: ")


@pytest.mark.parametrize(("reached", "severity"), [(True, ERROR), (False, INFO)])
def test_a_library_that_is_too_old(reached, severity):
    row = version("GLIBCXX_3.4.32", "GLIBCXX_3.4.30", reached=reached, library="libstdc++.so.6", found="/opt/lib/x.so")
    (finding,) = ask("LIB005", **environment(versions=(row,)))
    assert (finding.severity, finding.subject) == (severity, "foo")
    assert finding.message == (
        "_m.so of foo 1.0 needs GLIBCXX_3.4.32 of libstdc++.so.6, "
        "and the libstdc++.so.6 that is found has GLIBCXX_3.4.30 at most."
    )
    assert finding.evidence == (
        Evidence(source="/sp/foo/_m.so", excerpt="needs GLIBCXX_3.4.32 of libstdc++.so.6"),
        Evidence(source="/opt/lib/x.so", excerpt="defines GLIBCXX_3.4.30 as its newest"),
    )
    assert finding.fix.text == "Renew /opt/lib/x.so, or take its folder out of the search path."
    assert finding.fix.commands == ()


def test_an_old_library_of_the_system_is_renewed_by_its_package():
    row = version("GLIBCXX_3.4.32", "", library="libstdc++.so.6", found="/usr/lib/x86_64-linux-gnu/libstdc++.so.6")
    (finding,) = ask("LIB005", **environment(versions=(row,)))
    assert finding.message.endswith("and the libstdc++.so.6 that is found has no such versions.")
    assert finding.fix.commands == (("sudo", "apt-get", "install", "libstdc++6"),)


@pytest.mark.parametrize("code", ["LIB004", "LIB005"])
def test_the_witness_s_words_are_evidence(code):
    asked = {"LIB004": "GLIBC_2.38", "LIB005": "X_2.38"}[code]
    said = f"/sp/foo/_m.so: /lib/libx.so.1: version `{asked}' not found (required by /sp/foo/_m.so)"
    witness = Witness(tool="ldd", accounts=(heard(printed=f"{said}\n\tlibx.so.1 => /lib/libx.so.1 (0x7f)\n"),))
    (finding,) = ask(code, **environment(versions=(version(asked),), witness=witness))
    assert finding.evidence[2:] == (Evidence(source="ldd /sp/foo/_m.so", excerpt=said),)


def test_each_tells_of_its_own_versions():
    rows = (version(), version("GLIBCXX_3.4.32", library="libstdc++.so.6"))
    for code in ("LIB004", "LIB005"):
        assert len(ask(code, **environment(versions=rows))) == 1
        assert ask(code, **environment()) == ()


# LIB006


@pytest.mark.parametrize(
    ("machine", "package"),
    [("x86_64", "Microsoft.VCRedist.2015+.x64"), ("arm64", "Microsoft.VCRedist.2015+.arm64")],
)
def test_the_visual_cpp_runtime_is_missing(machine, package):
    missing = (lacks("MSVCP140.dll"), lacks("VCRUNTIME140_1.dll", severity=INFO))
    (finding,) = ask("LIB006", **environment(*missing, host=WINDOWS, python=Python(machine=machine)))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.message == "MSVCP140.dll, VCRUNTIME140_1.dll of the Visual C++ runtime are not there."
    assert finding.evidence[0] == Evidence(source="/sp/foo/_m.so", excerpt="needs MSVCP140.dll")
    assert finding.fix.commands == (("winget", "install", "--exact", "--id", package),)


def test_one_part_of_the_runtime_for_a_plug_in():
    missing = lacks("vcomp140.dll", severity=INFO)
    (finding,) = ask("LIB006", **environment(missing, host=WINDOWS))
    assert finding.severity is INFO
    assert finding.message == "vcomp140.dll of the Visual C++ runtime is not there."
    assert not finding.fix.safe


def test_a_tree_like_that_of_windows(tmp_path):
    """Real files as far as they can be on a system with another loader."""
    site = Site(tmp_path / "Python311/Lib/site-packages")
    module = pe_bytes(["MSVCP140.dll", "python311.dll", "KERNEL32.dll", "api-ms-win-crt-runtime-l1-1-0.dll"])
    site.install("foo", files={"foo/__init__.py": "from . import _m", "foo/_m.cp311-win_amd64.pyd": module})
    for path in ("Windows/System32/KERNEL32.dll", "Python311/python311.dll"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(pe_bytes([]))

    def look(monkeypatch):
        monkeypatch.setenv("SystemRoot", str(tmp_path / "Windows"))
        described = {
            "machine": "x86_64",
            "version": "3.11.7",
            "executable": str(tmp_path / "Python311/python.exe"),
            "base_prefix": str(tmp_path / "Python311"),
            "extension_suffixes": (".cp311-win_amd64.pyd", ".pyd"),
        }
        return ask("LIB006", loading_facts(site, cache=tmp_path / "cache", host=WINDOWS, python=described))

    with pytest.MonkeyPatch.context() as monkeypatch:
        (finding,) = look(monkeypatch)
        assert finding.severity is ERROR
        assert finding.message == "MSVCP140.dll of the Visual C++ runtime is not there."
        paths = [line.partition(".dll ")[0] + ".dll" for line in finding.evidence[1].excerpt.splitlines()]
        assert paths == [
            "foo/MSVCP140.dll",
            f"{tmp_path}/Python311/MSVCP140.dll",
            f"{tmp_path}/Windows/System32/MSVCP140.dll",
        ]
        (tmp_path / "Windows/System32/MSVCP140.dll").write_bytes(pe_bytes(["KERNEL32.dll"]))
        assert look(monkeypatch) == ()


# LIB007


def stack(name="_m.so", *, asks=True, **fields):
    library = NativeLibrary(format=BinaryFormat.ELF, architectures=("x86_64",), executable_stack=asks, **fields)
    return NativeFile(distribution=FOO, path=f"/sp/foo/{name}", library=library)


@pytest.mark.parametrize(("reached", "severity"), [(frozenset({"/sp/foo/_m.so"}), ERROR), (frozenset(), INFO)])
def test_an_executable_stack(reached, severity):
    files = (stack(), stack("b.so", asks=False), stack("c.so", asks=None), stack("bin", is_program=True))
    facts = environment(host=Host(libc_version="2.41"), reached=reached) | {"natives": Natives(files=files)}
    (finding,) = ask("LIB007", **facts)
    assert (finding.severity, finding.subject) == (severity, "foo")
    assert finding.message == "_m.so of foo 1.0 asks for an executable stack, which glibc 2.41 refuses."
    assert finding.evidence == (
        Evidence(source="/sp/foo/_m.so", excerpt="PT_GNU_STACK is executable"),
        Evidence(source="host.libc_version", excerpt="glibc 2.41"),
    )
    assert finding.fix.text == "Install a newer release of foo."


@pytest.mark.parametrize("host", [Host(libc_version="2.40"), Host(libc="musl", libc_version="1.2.5"), MACOS])
def test_systems_that_take_executable_stacks(host):
    assert ask("LIB007", **environment(host=host) | {"natives": Natives(files=(stack(),))}) == ()


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="compiles modules for glibc's loader")
def test_a_module_that_was_linked_with_an_executable_stack(tmp_path):
    site = Site(tmp_path / "site-packages")
    for name, flag in (("foo", "-Wl,-z,execstack"), ("bar", "-Wl,-z,noexecstack")):
        content = compile_module(tmp_path, "_m", flags=(flag,))
        site.install(name, files={f"{name}/__init__.py": f"from {name} import _m", f"{name}/{MODULE}": content})
    newer = Host(libc_version="2.41", machine=platform.machine())
    (finding,) = ask("LIB007", loading_facts(site, cache=tmp_path / "cache", host=newer))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    libc = tuple(map(int, platform.libc_ver()[1].split(".")))
    refused = "executable stack" in import_in_child("foo", site)
    assert refused == (libc >= (2, 41))


# LIB008


def built_for(tmp_path, minimum, name="_m.so", **options):
    site = Site(tmp_path / "site-packages")
    content = macho_bytes(minimum_os=minimum, **options)
    site.install("foo", files={"foo/__init__.py": "from . import _m", f"foo/{name}": content})
    mac = {"machine": "arm64", "version": "3.11.7"}
    return loading_facts(site, cache=tmp_path / "cache", host=MACOS, python=mac)


def test_files_for_a_newer_macos(tmp_path):
    (finding,) = ask("LIB008", built_for(tmp_path, (15, 2, 0)))
    assert (finding.severity, finding.subject) == (WARNING, "foo")
    assert finding.message == "1 native file of foo 1.0 was built for macOS 15.2 or newer, and this is 14.5."
    assert finding.evidence == (
        Evidence(source=str(tmp_path / "site-packages/foo/_m.so"), excerpt="minos 15.2"),
        Evidence(source="host.version", excerpt="14.5"),
    )
    assert finding.fix.text == "If `import` fails, install an older release of foo, or renew macOS."


def test_a_plug_in_for_a_newer_macos(tmp_path):
    (finding,) = ask("LIB008", built_for(tmp_path, (15, 0, 0), "libplugin.dylib"))
    assert finding.severity is INFO


def test_several_files_are_told_once(tmp_path):
    site = Site(tmp_path / "site-packages")
    versions = {"_a.so": (15, 0, 0), "_b.so": (26, 0, 0), "_c.so": (12, 0, 0)}
    files = {f"foo/{name}": macho_bytes(minimum_os=version) for name, version in versions.items()}
    site.install("foo", files=files)
    facts = loading_facts(site, cache=tmp_path / "cache", host=MACOS, python={"machine": "arm64"})
    (finding,) = ask("LIB008", facts)
    assert finding.message == "2 native files of foo 1.0 were built for macOS 26 or newer, and this is 14.5."


@pytest.mark.parametrize("minimum", [(14, 5, 1), (11, 0, 0), None])
def test_files_for_this_macos(tmp_path, minimum):
    assert ask("LIB008", built_for(tmp_path, minimum)) == ()


def test_a_macos_whose_version_is_not_known(tmp_path):
    facts = environment(host=dataclasses.replace(MACOS, version="")) | {"natives": Natives()}
    assert answer("LIB008", **facts).outcome is Outcome.UNKNOWN
    assert ask("LIB008", **environment() | {"natives": Natives()}) == ()
