"""Rules about fields that installers pass over: markers, Requires-Python, tags of no machine, what an index refuses."""

import sys

import pytest

from envdoctor.core.finding import Severity
from reviewed_wheels import INFO, METADATA, build, look, names


def fields(*lines):
    return build(metadata=METADATA + "".join(f"{line}\n" for line in lines))


def entry_points(text):
    return build({"pkg/__init__.py": b"def main(): ...\n", f"{INFO}/entry_points.txt": text.encode()})


def marked(marker):
    return fields(f"Requires-Dist: other; {marker}")


FAULTY = [
    ("marker-never-true", marked("sys_platform == 'windows'")),
    ("marker-never-true", marked("sys_platform == 'macos' and python_version > '3.9'")),
    ("marker-never-true", marked("platform_system == 'windows'")),
    ("marker-never-true", marked('os_name == "windows"')),
    ("marker-never-true", marked("platform_python_implementation == 'cpython'")),
    ("marker-never-true", marked("implementation_name == 'CPython'")),
    ("python-patches-excluded", fields("Requires-Python: ==3.11")),
    ("python-patches-excluded", fields("Requires-Python: >=3.8, <=3.12")),
    ("python-patches-excluded", fields("Requires-Python: <=3")),
    ("platform-of-nobody", build(tag="py3-none-win_x86_64")),
    ("platform-of-nobody", build(tag="py3-none-manylinux_2_17_amd64")),
    ("platform-of-nobody", build(tag="py3-none-macosx_14_arm64")),
    ("platform-of-nobody", build(tag="py3-none-macosx_13_6_arm64")),
    ("upload-refused", fields("Project-URL: https://example.org")),
    ("upload-refused", fields("Project-URL: Docs, docs.example.org")),
    ("upload-refused", fields(f"Project-URL: {'x' * 33}, https://example.org")),
    ("upload-refused", fields("Author-email: Jo Do at example dot org")),
    ("upload-refused", fields("Classifier: Licence :: OSI Approved")),
    ("upload-refused", fields("Classifier: License :: OSI Approved :: MIT")),
    ("upload-refused", fields("Classifier: Development Status :: 6 - Stable")),
    ("upload-refused", fields("Classifier: Programming Language :: Python :: 4")),
    ("upload-refused", fields("Home-page: example.org")),
    ("upload-refused", fields("Download-URL: ftp:/x")),
    ("upload-refused", fields("Provides-Extra: a-b", "Provides-Extra: a_b")),
    ("marker-never-true", marked("sys_platform == 'linux2'")),
    ("marker-never-true", marked("sys_platform == 'darwin' and platform_machine == 'aarch64'")),
    ("marker-never-true", marked("platform_machine == 'arm64' and platform_system == 'Linux'")),
    ("marker-never-true", marked("sys_platform == 'win32' and platform_machine == 'x86_64'")),
    ("marker-never-true", marked("python_version == '3.10.2'")),
    ("marker-never-true", marked("python_version == '3'")),
    (
        "marker-never-true",
        fields("Provides-Extra: a", "Provides-Extra: b", "Requires-Dist: c; extra == 'a' and extra == 'b'"),
    ),
    ("requires-itself", fields("Requires-Dist: PKG>=1")),
    ("metadata-invalid", build(metadata=METADATA.replace("License-File: LICENSE", "License-File: ../LICENSE"))),
    ("platform-of-nobody", build(tag="py3-none-macosx_10_9_arm64")),
    ("platform-of-nobody", build(tag="py3-none-manylinux2010_aarch64")),
    ("platform-of-nobody", build(tag="py3-none-manylinux_2_4_x86_64")),
    ("python-of-nobody", build(tag="cp313t-cp313t-any")),
    ("python-of-nobody", build(tag="cp312-cp312m-any")),
    ("python-of-nobody", build(tag="cp37-cp37-any")),
    ("python-of-nobody", build(tag="cp312-cp311-any")),
    ("python-of-nobody", build(tag="py3-abi3-any")),
    ("python-of-nobody", build(tag="cp3-none-any")),
    ("python-of-nobody", build(tag="py3-cp312-any")),
    ("upload-refused", build(metadata=METADATA.replace("Summary: x", f"Summary: {'x' * 513}"))),
    ("name-unknown", ("UNKNOWN-1.0-py3-none-any.whl", build(metadata=METADATA.replace("pkg", "UNKNOWN"))[1])),
    ("command-not-made", entry_points("[console-scripts]\nrun = pkg:main\n")),
    ("command-not-made", entry_points("[console_scripts]\nrun.exe = pkg:main\n")),
    ("command-not-made", entry_points("[console_scripts]\n../run = pkg:main\n")),
    ("command-twice", entry_points("[console_scripts]\nrun = pkg:main\n[gui_scripts]\nrun = pkg:main\n")),
]
SOUND = [
    marked("sys_platform == 'win32' or sys_platform == 'windows'"),
    marked("sys_platform != 'windows' and os_name == 'nt' and platform_system == 'Windows'"),
    marked("sys_platform == 'cygwin' and implementation_name == 'pypy' and platform_system == 'FreeBSD'"),
    fields("Requires-Python: >=3.8,!=3.9.0,<4,==3.*,<=3.12.9"),
    fields("Project-URL: Home, HTTPS://example.org/x", "Author-email: Jo <jo@example.org>, al@example.org"),
    fields("Classifier: Typing :: Typed", "Classifier: Private :: Do Not Upload"),
    fields("Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence", "Home-page: UNKNOWN"),
    fields("Classifier: Programming Language :: Python :: 3 :: Only", "Classifier: License :: OSI Approved"),
    marked("sys_platform == 'darwin' and platform_machine == 'arm64' and python_version == '3.*'"),
    marked("sys_platform == 'linux' and platform_machine == 'aarch64' and python_version == '3.10'"),
    fields("Provides-Extra: a", "Provides-Extra: b", "Requires-Dist: c; extra == 'a' or extra == 'b'"),
    fields("Provides-Extra: a", "Requires-Dist: pkg[a]; extra == 'a'"),
    entry_points("[console_scripts]\nrun.py = pkg:main\n[pkg.scripts]\na = pkg:main\n"),
]


@pytest.mark.parametrize(("name", "built"), FAULTY, ids=[f"{number}-{row[0]}" for number, row in enumerate(FAULTY)])
def test_a_fault_is_named(name, built):
    faults = [fault for fault in look(built).faults if fault.name == name]
    assert len(faults) == 1
    assert faults[0].severity is Severity.WARNING


@pytest.mark.parametrize("built", SOUND)
def test_look_alikes_are_no_faults(built):
    assert {row[0] for row in FAULTY}.isdisjoint(names(built))


@pytest.mark.parametrize(
    "platform", ["macosx_11_0_arm64", "macosx_10_9_universal2", "musllinux_1_2_aarch64", "manylinux2014_s390x", "win32"]
)
def test_platforms_of_somebody(platform):
    assert "platform-of-nobody" not in names(build(tag=f"py3-none-{platform}"))


def test_a_local_version_is_a_note():
    filename, members = build(metadata=METADATA.replace("Version: 1.0", "Version: 1.0+cu118"))
    faults = look((filename.replace("1.0", "1.0+cu118"), members)).faults
    assert [fault.severity for fault in faults if fault.name == "local-version"] == [Severity.INFO]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="a Python that knows the statement compiles it")
def test_what_newer_pythons_compile_is_a_note():
    def severities(text):
        built = build({"pkg/__init__.py": b"", "pkg/new.py": text})
        return [fault.severity for fault in look(built).faults if fault.name == "module-does-not-compile"]

    assert severities(b"type A = int\n") == [Severity.INFO]
    assert severities(b"type A = int\nif\n") == [Severity.WARNING]


def test_a_licence_that_is_stated_twice_is_a_note():
    (fault,) = look(fields("Classifier: License :: OSI Approved :: MIT License")).faults
    assert (fault.name, fault.severity) == ("licence-stated-twice", Severity.INFO)


def test_a_version_of_nothing_is_a_note():
    built = build(metadata=METADATA.replace("Version: 1.0", "Version: 0.0.0"))[1]
    members = {name.replace("pkg-1.0", "pkg-0.0.0"): content for name, content in built.items()}
    assert "version-of-nothing" in names(("pkg-0.0.0-py3-none-any.whl", members))


@pytest.mark.parametrize(
    "tag",
    ["cp313-cp313t", "cp39-abi3", "cp37-cp37m", "cp27-cp27mu", "cp312-none", "py2.py3-none", "pp310-pypy310_pp73"],
)
def test_pythons_of_somebody(tag):
    assert "python-of-nobody" not in names(build(tag=f"{tag}-any"))


def test_a_second_name_of_a_platform_may_be_too_old():
    assert "platform-of-nobody" not in names(build(tag="py3-none-manylinux2010_aarch64.manylinux_2_17_aarch64"))
