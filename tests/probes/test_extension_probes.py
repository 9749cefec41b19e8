"""Probes of extension modules: for another Python, another machine, another numpy, another page size."""

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome
from envdoctor.facts.host import Host
from envdoctor.facts.natives import NativeFile, Natives
from envdoctor.facts.packages import Distribution
from envdoctor.facts.python.search_path import Origin
from native_files import elf_bytes, macho_bytes
from package_facts import ERROR, INFO, NUMPY_ONE, PIP, TAGGED, WARNING, installed_facts, severities
from sites import Site, facts_of

# PKG007 and PKG008


def test_modules_for_another_python(site):
    files = {"foo/_x.cpython-310-x86_64-linux-gnu.so": elf_bytes()}
    site.install("foo", files=files, tags=("cp310-cp310-linux_x86_64",))
    (finding,) = ask("PKG007", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.evidence[0].source.endswith("cpython-310-x86_64-linux-gnu.so")
    assert finding.fix.commands == ((*PIP, "install", "--force-reinstall", "--no-deps", "foo==1.0"),)


def test_modules_with_plain_names_are_told_by_their_wheel(site):
    site.install("tflite-runtime", files={"tflite_runtime/_pywrap.so": elf_bytes()}, tags=("cp39-cp39-linux_x86_64",))
    (finding,) = ask("PKG007", facts_of(site))
    assert finding.evidence[0].excerpt == "Tag: cp39-cp39-linux_x86_64"


@pytest.mark.parametrize(
    ("files", "tags"),
    [
        ((f"foo/_x{TAGGED}", "foo/_x.cpython-310-x86_64-linux-gnu.so"), ("py3-none-any",)),  # for several Pythons
        (("foo/_x.abi3.so",), ("cp38-abi3-manylinux_2_17_x86_64",)),
        (("foo/_x.so",), ("cp310-cp310-linux_x86_64", "cp311-cp311-linux_x86_64")),
        (("foo/libx.so",), ("py3-none-manylinux_2_17_x86_64",)),
        (("foo/_x.so",), ()),
        (("foo/x.py",), ("cp27-none-any",)),  # nothing native in it
    ],
)
def test_modules_that_this_python_imports(site, files, tags):
    site.install("foo", files={file: elf_bytes() for file in files}, tags=tags)
    assert severities("PKG007", site) == []


OTHER_CPU = "_x.cpython-311-aarch64-linux-gnu.so"


def test_modules_for_another_cpu_are_not_of_another_python(site):
    site.install("foo", files={f"foo/{OTHER_CPU}": elf_bytes(machine=183)}, tags=("cp311-cp311-linux_aarch64",))
    assert severities("PKG007", site) == []
    (finding,) = ask("PKG008", facts_of(site))
    assert finding.message == (
        "1 of the 1 extension modules of foo 1.0 are ELF for aarch64; this Python is for x86_64."
    )


def test_modules_for_several_cpus_and_for_another_libc(site):
    site.install("both", files={f"both/{OTHER_CPU}": elf_bytes(machine=183), f"both/_x{TAGGED}": elf_bytes()})
    assert severities("PKG008", site) == []
    site.install("musl", files={"musl/_x.cpython-311-x86_64-linux-musl.so": elf_bytes()})
    assert severities("PKG007", site) == [ERROR]


def test_packages_that_pythonpath_brings_are_not_to_be_installed_again(tmp_path):
    ros = Site(tmp_path / "lib/python3.10/site-packages", Origin.PYTHONPATH)
    ros.install("rclpy", files={"rclpy/_x.cpython-310-x86_64-linux-gnu.so": elf_bytes()}, tags=())
    (finding,) = ask("PKG007", facts_of(ros))
    assert finding.fix.commands == ()
    assert str(ros.path) in finding.fix.text


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (f"_x{TAGGED}", elf_bytes(machine=183), [ERROR]),
        (f"_x{TAGGED}", macho_bytes(architecture="x86_64"), [ERROR]),
        ("_pywrap.so", elf_bytes(machine=183), [ERROR]),
        (f"_x{TAGGED}", elf_bytes(), []),
        ("libQnnHtpV73Skel.so", elf_bytes(machine=183), []),  # runs on a phone's accelerator
        ("_x.cpython-310-x86_64-linux-gnu.so", elf_bytes(machine=183), []),  # PKG007's
    ],
)
def test_modules_for_another_machine(site, name, content, found):
    site.install("foo", files={f"foo/{name}": content})
    assert severities("PKG008", site) == found


def test_a_plug_in_for_another_machine_beside_modules_for_this_one(site):
    site.install("foo", files={"foo/_pywrap.so": elf_bytes(), "foo/plugin.so": elf_bytes(machine=183)})
    assert severities("PKG008", site) == []


def test_modules_for_another_machine_are_counted(site):
    site.install("foo", files={f"foo/{name}{TAGGED}": elf_bytes(machine=183) for name in ("a", "b")})
    (finding,) = ask("PKG008", facts_of(site))
    assert finding.message == "2 of the 2 extension modules of foo 1.0 are ELF for aarch64; this Python is for x86_64."


# PKG009

NEW = elf_bytes(filler=b"numpy.core._multiarray_umath\0numpy._core._multiarray_umath\0_ARRAY_API")
PYBIND = elf_bytes(filler=b"numpy.core.multiarray\0_ARRAY_API")


@pytest.mark.parametrize(
    ("content", "numpy", "found"),
    [
        (NUMPY_ONE, "2.3.4", [ERROR]),
        (PYBIND, "2.3.4", [WARNING]),
        (NEW, "2.3.4", []),
        (NUMPY_ONE, "1.26.4", []),
        (PYBIND, "1.26.4", []),
    ],
)
def test_built_against_numpy_1(site, content, numpy, found):
    site.install("numpy", numpy)
    site.install("tflite-runtime", "2.14.0", files={"tflite_runtime/_pywrap.so": content}, requires=["numpy>=1.23"])
    findings = ask("PKG009", facts_of(site))
    assert [finding.severity for finding in findings] == found
    for finding in findings:
        assert finding.fix.commands == ((*PIP, "install", "numpy<2"),)
        assert finding.evidence[0].excerpt.startswith("names numpy.core.")


def test_where_others_need_numpy_2_it_is_the_distribution_that_must_move(site):
    site.install("numpy", "2.3.4")
    site.install("old", files={"_old.so": NUMPY_ONE}, requires=["numpy>=1.23"])
    site.install("new", requires=["numpy>=2"])
    (finding,) = ask("PKG009", facts_of(site))
    assert finding.fix.commands == ((*PIP, "install", "--upgrade", "old"),)
    assert "another environment" in finding.fix.text


def test_the_system_s_build_beside_the_user_s_numpy(tmp_path):
    (tmp_path / "x.so").write_bytes(NUMPY_ONE)
    apt = Distribution(name="simplejpeg", system=True, has_record=False, installer="", metadata="/usr/lib/simplejpeg")
    numpy = Distribution(name="numpy", version="2.3.4")
    from envdoctor.facts.natives.numpy_use import find_numpy_uses

    uses = find_numpy_uses([NativeFile(distribution=apt, path=str(tmp_path / "x.so"), size=len(NUMPY_ONE))])
    (finding,) = ask("PKG009", natives=Natives(numpy_uses=uses), **installed_facts(apt, numpy))
    assert finding.fix.commands == (("uv", "pip", "install", "--python", "/usr/bin/python3", "numpy<2"),)


# PKG014 and PKG017


def test_files_for_smaller_pages(site):
    site.install("foo", files={"_x.so": elf_bytes(shift=0x1000), "libx.so": elf_bytes(shift=0x1000)})
    facts = facts_of(site)
    for size, found in ((4096, []), (16384, [ERROR, WARNING])):
        findings = ask("PKG014", natives=facts.natives, host=Host(machine="aarch64", page_size=size))
        assert [finding.severity for finding in findings] == found


def test_files_that_fit_every_page_size(site):
    site.install("foo", files={"_x.so": elf_bytes(), "broken.so": b""})
    host = Host(machine="aarch64", page_size=65536)
    assert ask("PKG014", natives=facts_of(site).natives, host=host) == ()
    assert answer("PKG014", natives=Natives(), host=Host(page_size=None)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (f"_x{TAGGED}", b"", [ERROR]),
        (f"_x{TAGGED}", b"version https://git-lfs.github.com/spec/v1", [ERROR]),
        (f"_x{TAGGED}", elf_bytes()[:100], [ERROR]),
        (f"_x{TAGGED}", elf_bytes()[:-1], [ERROR]),
        ("x.so", elf_bytes()[:100], [ERROR]),
        (f"_x{TAGGED}", elf_bytes(kind=1), [INFO]),
        (f"_x{TAGGED}", macho_bytes()[:100], [INFO]),
        (f"_x{TAGGED}", elf_bytes(), []),
        ("linker-script.so", b"INPUT(libc.so.6)", []),
        ("other-script.so", b"/* GNU ld script\n*/\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( /lib/libc.so.6 )", []),
        ("x.so", b"\x93garbage\xff", [WARNING]),
        ("x.so", b"no library", [WARNING]),
        ("x.so", b"", [WARNING]),
        ("libdata.so", b"no library", []),
        ("_x.cpython-310-x86_64-linux-gnu.so", b"", []),
    ],
)
def test_modules_that_are_no_native_files(site, name, content, found):
    site.install("foo", files={f"foo/{name}": content})
    assert severities("PKG017", site) == found
