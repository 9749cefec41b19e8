"""Native files of installed distributions: real modules, and small files of other machines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.binaries.library import BinaryFormat, NativeLibrary
from envdoctor.facts.natives import fits_machine, fits_python, module_stem
from native_files import elf_bytes, macho_bytes
from sites import Site, facts_of

TAGGED = ".cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def natives_of(site, **python):
    found = facts_of(site, **python).natives
    return {one.path.rpartition("/")[2]: one for one in found.files}


def test_modules_libraries_and_what_is_neither(site):
    site.install(
        "foo",
        files={
            f"foo/_x{TAGGED}": elf_bytes(),
            "foo/_pywrap_x.so": elf_bytes(),
            "foo/libfoo.so": elf_bytes(soname="libfoo.so"),
            "foo.libs/libgomp.so.1.0.0": elf_bytes(),
            "foo/_x.cpython-310-x86_64-linux-gnu.so": elf_bytes(),
            "foo/_w.cp311-win_amd64.pyd": b"MZ",
            "foo/sofa.txt": "no",
        },
    )
    found = natives_of(site)
    assert {name: (one.is_module, one.is_tagged, one.importable) for name, one in found.items()} == {
        f"_x{TAGGED}": (True, True, True),
        "_pywrap_x.so": (True, False, True),
        "libfoo.so": (False, False, True),
        "libgomp.so.1.0.0": (False, False, False),
        "_x.cpython-310-x86_64-linux-gnu.so": (True, True, False),
        "_w.cp311-win_amd64.pyd": (True, True, False),
    }
    assert found["libfoo.so"].library.own_name == "libfoo.so"
    assert found["libfoo.so"].size == len(elf_bytes(soname="libfoo.so"))


@pytest.mark.parametrize(
    ("content", "is_native"), [(b"", False), (b"version https://git-lfs", False), (b"\x7fELF\2\1", True)]
)
def test_what_can_not_be_read(site, content, is_native):
    site.install("foo", files={f"_x{TAGGED}": content})
    (one,) = natives_of(site).values()
    assert (one.library, one.is_native, bool(one.problem)) == (None, is_native, True)


def test_a_missing_file_is_not_a_native_file(site):
    site.install("foo", files={"_x.so": elf_bytes()})
    (site.path / "_x.so").unlink()
    assert natives_of(site) == {}


def test_distributions_without_record_are_looked_through(site):
    site.write("PyYAML-6.0.egg-info/PKG-INFO", "Name: PyYAML\nVersion: 6.0\n")
    site.write("PyYAML-6.0.egg-info/top_level.txt", "_yaml\nyaml\n../outside\n/absolute\n")
    site.write(f"yaml/sub/_x{TAGGED}", elf_bytes())
    site.write(f"_yaml{TAGGED}", elf_bytes())
    site.write(f"other{TAGGED}", elf_bytes())
    site.write("simple_jpeg-1.0.egg-info", "Name: simple-jpeg\nVersion: 1.0\n")
    site.write(f"simple_jpeg/_jpeg{TAGGED}", elf_bytes())
    assert set(natives_of(site)) == {f"_x{TAGGED}", f"_yaml{TAGGED}", f"_jpeg{TAGGED}"}


def test_only_the_distribution_in_use_counts(tmp_path):
    first, second = Site(tmp_path / "a"), Site(tmp_path / "b")
    first.install("foo", "2", files={"a.so": elf_bytes()})
    second.install("foo", "1", files={"b.so": elf_bytes()})
    assert [one.path[-4:] for one in facts_of(first, second).natives.files] == ["a.so"]


def test_tags_of_the_wheel(site):
    site.install(
        "foo", files={"_x.so": elf_bytes()}, tags=("cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_5_x86_64")
    )
    site.install("pure")
    info = site.install("untagged", files={"_y.so": elf_bytes()})
    (info / "WHEEL").unlink()
    tags = {one.name: tags for one, tags in facts_of(site).natives.wheel_tags}
    assert tags == {"foo": ("cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_5_x86_64"), "untagged": ()}


def test_a_wheel_for_several_pythons(site):
    site.install("foo", files={"a.so": elf_bytes(), "b.so": b""})
    facts = facts_of(site)
    (foo,) = facts.packages.distributions
    assert [one.path[-4:] for one in facts.natives.modules_of(foo)] == ["a.so", "b.so"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        (f"_umath{TAGGED}", "_umath"),
        ("_x.abi3.so", "_x"),
        ("_x.cp311-win_amd64.pyd", "_x"),
        ("_x.pypy310-pp73-x86_64-linux-gnu.so", "_x"),
        ("_pywrap.so", "_pywrap"),
        ("libfoo.so.1", ""),
        ("foo.dll", ""),
        ("foo.dylib", ""),
    ],
)
def test_names_of_modules(name, stem):
    assert module_stem(name) == stem


@pytest.mark.parametrize(
    ("tag", "minor", "free_threaded", "fits"),
    [
        ("cp311-cp311-manylinux_2_27_x86_64", (3, 11), False, True),
        ("cp310-cp310-manylinux_2_27_x86_64", (3, 11), False, False),
        ("cp312-cp312-manylinux_2_27_x86_64", (3, 11), False, False),
        ("cp37-cp37m-linux_x86_64", (3, 7), False, True),
        ("cp36-abi3-manylinux1_x86_64", (3, 11), False, True),
        ("cp312-abi3-win_amd64", (3, 11), False, False),
        ("cp313-cp313t-manylinux_2_27_x86_64", (3, 13), False, False),
        ("cp313-cp313t-manylinux_2_27_x86_64", (3, 13), True, True),
        ("cp313-cp313-manylinux_2_27_x86_64", (3, 13), True, False),
        ("cp39-abi3-manylinux1_x86_64", (3, 13), True, False),
        ("py3-none-any", (3, 11), False, True),
        ("py2.py3-none-manylinux1_x86_64", (3, 11), False, True),
        ("py2-none-any", (3, 11), False, True),  # nobody installs it, and nothing native depends on it
        ("py312-none-any", (3, 11), False, False),
        ("cp311-none-win_amd64", (3, 11), False, True),
        ("cp311-none-win_amd64", (3, 12), False, False),
        ("pp310-pypy310_pp73-linux_x86_64", (3, 10), False, False),
        ("nonsense", (3, 11), False, False),
    ],
)
def test_whether_a_wheel_s_tag_admits_a_python(tag, minor, free_threaded, fits):
    assert fits_python(tag, minor, free_threaded=free_threaded) is fits


@given(st.text(alphabet="cpy31-.abinoet_", max_size=20))
def test_no_tag_is_too_strange(tag):
    assert fits_python(tag, (3, 11), free_threaded=False) in {True, False}


@pytest.mark.parametrize(
    ("architectures", "container", "machine", "system", "fits"),
    [
        (("x86_64",), BinaryFormat.ELF, "x86_64", "linux", True),
        (("aarch64",), BinaryFormat.ELF, "x86_64", "linux", False),
        (("armv7l",), BinaryFormat.ELF, "aarch64", "linux", False),
        (("x86_64",), BinaryFormat.MACHO, "x86_64", "linux", False),
        (("arm64", "x86_64"), BinaryFormat.MACHO, "arm64", "darwin", True),
        (("x86_64",), BinaryFormat.MACHO, "arm64", "darwin", False),
        (("amd64",), BinaryFormat.PE, "x86_64", "win32", True),
        (("win32",), BinaryFormat.PE, "x86", "win32", True),
        (("arm64ec",), BinaryFormat.PE, "x86_64", "win32", True),
        (("win32",), BinaryFormat.PE, "x86_64", "win32", False),
        (("x86_64",), BinaryFormat.ELF, "x86_64", "freebsd14", True),
    ],
)
def test_whether_a_machine_loads_a_file(architectures, container, machine, system, fits):
    library = NativeLibrary(format=container, architectures=architectures)
    assert fits_machine(library, machine, system) is fits


def test_a_file_of_another_system_is_read_all_the_same(site):
    site.install("foo", files={"_x.cpython-311-darwin.so": macho_bytes()})
    (one,) = natives_of(site).values()
    assert one.library.architectures == ("arm64",)
