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
    ("upload-refused", fields("Classifier: License :: OSI Approved :: MIT License")),
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
