"""Rules about what was packed though it is for the build machine, and about commands that fail when they are called."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from envdoctor.core.finding import Severity
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.contents import read_contents
from envdoctor.wheels.review import review
from native_files import elf_bytes, macho_bytes, with_processor_level
from reviewed_wheels import INFO, LINUX, MACOS, METADATA, PURE, build, look, names, with_file
from wheel_files import archive_bytes

KEY = b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
LIBRARY = elf_bytes(("libc.so.6",))
PROGRAM = elf_bytes(("libc.so.6",), interpreter="/lib64/ld-linux-x86-64.so.2")
MODULE = "pkg/_m.cpython-312-darwin.so"


def described_by(wheel):
    """A wheel with a WHEEL file of its own."""
    return build(wheel=f"{wheel}Tag: {PURE}\n")


def command(text, target="pkg:main", **files):
    return build({"pkg/__init__.py": text.encode(), **files}, scripts=f"run = {target}")


def promising(python, text):
    return build({"pkg/__init__.py": b"", "pkg/a.py": text}, metadata=METADATA + f"Requires-Python: >={python}\n")


def script(text):
    return build({"pkg/__init__.py": b"", "pkg-1.0.data/scripts/run": text})


FAULTY = [
    ("left-over-file", with_file("pkg/a.py.bak")),
    ("left-over-file", with_file("pkg/.nfs0001")),
    ("left-over-file", with_file("pkg/.#a.py")),
    ("left-over-file", with_file("pkg/pkg.egg-info/PKG-INFO")),
    ("left-over-file", with_file("pkg/build/lib/pkg/a.py")),
    ("installed-metadata", with_file(f"{INFO}/INSTALLER")),
    ("installed-metadata", with_file(f"{INFO}/direct_url.json")),
    ("editable-install", with_file("__editable__.pkg-1.0.pth", b"src\n")),
    ("editable-install", with_file("easy-install.pth", b"src\n")),
    ("editable-install", with_file("pkg.egg-link", b"src\n")),
    ("editable-install", with_file("pkg.pth", b"/home/me/src\n")),
    ("editable-install", with_file("pkg.pth", b"C:\\src\n")),
    ("one-path-twice", with_file("pkg-1.0.data/purelib/pkg/__init__.py")),
    ("large-file-pointer", with_file("pkg/model.bin", POINTER)),
    ("private-key", with_file("pkg/server.pem", KEY)),
    ("data-at-absolute-path", with_file("pkg-1.0.data/data/usr/share/x.txt")),
    ("data-at-absolute-path", with_file("pkg-1.0.data/data/home/me/x.txt")),
    ("clashing-top-level-name", with_file("test_all.py")),
    ("clashing-top-level-name", with_file("integration_tests/__init__.py")),
    ("clashing-top-level-name", with_file("third_party/__init__.py")),
    ("script-without-interpreter", script(b"#!/usr/bin/python3\n")),
    ("script-without-interpreter", script(b"#!/usr/bin/env python2.7\n")),
    (
        "command-twice",
        build(
            {"pkg-1.0.data/scripts/run": b"#!python\n", "pkg/__init__.py": b"def main(): ...\n"},
            scripts="run = pkg:main",
        ),
    ),
    ("command-not-callable", command("main = 3\n")),
    ("command-not-callable", command("def main(argv): ...\n")),
    ("command-not-callable", command("def main(*, argv): ...\n")),
    ("command-not-callable", command("async def main(): ...\n")),
    ("command-not-callable", command("class main:\n    def __init__(self, path): ...\n")),
    ("entry-point-function-absent", command("x = 1\n", "pkg:cli", **{"pkg/cli.py": b"x = 2\n"})),
    ("entry-point-function-absent", with_file(f"{INFO}/entry_points.txt", b"[pytest11]\npkg = pkg.plugin\n")),
    ("newer-python-than-promised", promising("3.8", b"match x:\n    case 1: pass\n")),
    ("newer-python-than-promised", promising("3.7", b"(x := 1)\n")),
    ("newer-python-than-promised", promising("3.8", b"import tomllib\n")),
    (
        "duplicate-search-path",
        build(
            {"pkg/__init__.py": b"", MODULE: macho_bytes(rpaths=("@loader_path",) * 2, minimum_os=(11, 0, 0))}, MACOS
        ),
    ),
    ("newer-processor-than-tag", build({"pkg/__init__.py": b"", "pkg/_m.so": with_processor_level(3)}, LINUX)),
    ("text-relocations", build({"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes((), extra_tags=((22, 0),))}, LINUX)),
    ("text-relocations", build({"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes((), extra_tags=((30, 4),))}, LINUX)),
    ("record-lists-not-itself", build(record=lambda text: text.replace(f"{INFO}/RECORD,,\n", ""))),
    ("wheel-version", described_by("Wheel-Version: 1.9\nRoot-Is-Purelib: true\n")),
    ("wheel-version", described_by("Wheel-Version: 1\nRoot-Is-Purelib: true\n")),
    ("wheel-version", described_by("Wheel-Version: 0.2\nRoot-Is-Purelib: true\n")),
    ("wheel-field-twice", described_by("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nRoot-Is-Purelib: false\n")),
    ("metadata-cut-short", build(metadata=METADATA.replace("Summary: x\n", "Summary: x\nand more\nName: a\n"))),
    ("module-does-not-compile", with_file("pkg/broken.py", b"# -*- coding: utf8mb4 -*-\nx = 1\n")),
    ("part-of-python-gone", build({"pkg/__init__.py": b"import asyncore\n"})),
    ("part-of-python-gone", build({"pkg/__init__.py": b"import asyncore\n"}, "py310-none-any")),
    ("command-not-made", with_file("pkg-1.0.data/scripts/sub/run", b"#!python\n")),
    ("startup-import-absent", with_file("pkg.pth", b"import gone_zz; gone_zz.start()\n")),
    ("no-module", build({"pkg/py.typed": b"", "pkg/a.jpg": b"a"})),
    ("program-not-executable", build({"pkg/__init__.py": b"", "pkg/bin/tool": PROGRAM}, LINUX)),
    ("record-path", build(record=lambda text: text + "./,,\n")),
    ("foreign-metadata-folder", with_file(f"{INFO}/{INFO}/METADATA")),
    ("purelib-with-modules", build({"pkg-1.0.data/purelib/pkg/_m.cpython-312-x86_64-linux-gnu.so": LIBRARY}, LINUX)),
    ("data-in-environment-root", with_file("pkg-1.0.data/data/LICENSE")),
    ("data-in-environment-root", with_file("pkg-1.0.data/data/lib/python3.11/site-packages/pkg/a.py")),
    ("absent-top-level-module", build(metadata=METADATA.replace("2.4", "2.5") + "Import-Name: gone.sub ; private\n")),
    ("undeclared-extra", build(scripts="run = pkg:main [gone]")),
    ("startup-import-absent", with_file("pkg.pth", b"import sys; def x(: pass\n")),
    ("requires-part-of-python", build(metadata=METADATA + "Requires-Dist: argparse\n")),
    ("library-outside-of-tag", build({"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes(("libjpeg.so.62",))}, LINUX)),
    ("bundled-c-library", build({"pkg/_m.so": LIBRARY, "pkg.libs/libc-2-cd7c1a03.27.so": LIBRARY}, LINUX)),
    ("bundled-c-library", build({"pkg/_m.so": LIBRARY, "pkg.libs/libpthread-1f2e3d4c.so.0": LIBRARY}, LINUX)),
]
NOTES = [
    (
        "library-outside-of-tag",
        build(
            {"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes(("libcublas.so.12",))},
            LINUX,
            metadata=METADATA + "Requires-Dist: nvidia-cublas-cu12\n",
        ),
    ),
    ("no-module", build({"pkg/data/a.jpg": b"a"})),
    ("part-of-python-gone", build({"pkg/__init__.py": b"", "pkg/old.py": b"import asyncore\n"})),
    ("wheel-version", described_by("Wheel-Version: 1.1\nRoot-Is-Purelib: true\n")),
    ("build-product", with_file("pkg/_m.pdb")),
    ("build-product", with_file("pkg/CMakeFiles/x.cmake")),
    ("typed-without-marker", with_file("pkg/__init__.pyi")),
]
SOUND = [
    build({"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes(("libX11.so.6", "libgcc_s.so.1"))}, LINUX),
    build({"pkg/_m.so": elf_bytes(("libx.so.1",)), "pkg.libs/libx-1.so": elf_bytes((), soname="libx.so.1")}, LINUX),
    with_file("pkg-1.0.data/data/bin/run.sh", b"#!/bin/sh\n"),
    build(metadata=METADATA.replace("2.4", "2.5") + "Import-Name: pkg\n"),
    build(metadata=METADATA + "Provides-Extra: Cli\n", scripts="run = pkg:main [cli]"),
    build(
        {"pkg/__init__.py": b"import os\nos.chmod('tool', 0o755)\n", "pkg/tool": PROGRAM, "pkg/_m.so": LIBRARY}, LINUX
    ),
    build({"pkg/__init__.py": b"", "pkg-1.0.data/scripts/tool": PROGRAM, "pkg/_m.so": LIBRARY}, LINUX),
    build({"pkg/lib/libx.so.1": LIBRARY}, LINUX),
    with_file("pkg/tests/server.pem", KEY),
    with_file("pkg/ca.pem", b"-----BEGIN CERTIFICATE-----\n"),
    with_file("pkg.pth", b"pkg/more\n# /home\n"),
    with_file("pkg-1.0.data/data/share/pkg/usr/x.txt"),
    with_file("contest_data.py"),
    script(b"#!python\n"),
    script(b"#!/usr/bin/env bash\n"),
    command("def main(argv=None, *more, key=1): ...\n"),
    command("import click\n@click.command()\ndef main(name): ...\n"),
    command("try:\n    from x import main\nexcept ImportError:\n    main = None\n"),
    command("def main(argv): ...\nmain = make(main)\n"),
    command("import pkg.cli\ncli = pkg.cli.run\n", "pkg:cli", **{"pkg/cli.py": b"def run(): ...\n"}),
    promising("3.10", b"match x:\n    case 1: pass\n"),
    promising("3.8", b"try:\n    import tomllib\nexcept ImportError:\n    tomllib = None\n"),
    build(
        {
            "pkg/__init__.py": b"",
            MODULE: macho_bytes(rpaths=("@loader_path", "@loader_path/.."), minimum_os=(11, 0, 0)),
        },
        MACOS,
    ),
    build({"pkg/__init__.py": b"", "pkg/_m.so": with_processor_level(1)}, LINUX),
    build({"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes(("libc.so.6",))}, LINUX),
    build(record=lambda text: text + "pkg/,,\n"),
    described_by("Wheel-Version: 0.1\nRoot-Is-Purelib: true\n"),
    build(metadata=METADATA.replace("Summary: x\n", "Summary: x\nKeywords: a\n        b: c\n\td\n")),
    build({"pkg/__init__.py": b"import asyncore\n"}, metadata=METADATA + "Requires-Python: <3.12\n"),
    build({"pkg/__init__.py": b"import asyncore\n"}, metadata=METADATA + "Requires-Dist: pyasyncore\n"),
    build({"pkg/__init__.py": b"try:\n    import asyncore\nexcept ImportError:\n    pass\n"}),
    build({"pkg/__init__.py": b"import distutils\n", "_distutils_hack/__init__.py": b""}),
    with_file("pkg/old.py", b"# coding: latin-1\nx = '\xe9'\n"),
    with_file("pkg.pth", b"import sys, os; import pkg.start\n"),
    build({"pkg/__init__.pyi": b"", "pkg/py.typed": b"", "pkg.so": elf_bytes(("libc.so.6",))}, LINUX),
    build({"pkg.pth": b"import other\n"}, metadata=METADATA + "Requires-Dist: other\n"),
    command("class main:\n    def __init__(self, path=None): ...\n"),
    command("class main(App):\n    def __init__(self, path): ...\n"),
]


@pytest.mark.parametrize(("name", "built"), FAULTY, ids=[f"{number}-{row[0]}" for number, row in enumerate(FAULTY)])
def test_a_fault_is_named(name, built):
    faults = [fault for fault in look(built).faults if fault.name == name]
    assert [fault.severity for fault in faults] == [Severity.WARNING]


@pytest.mark.parametrize(("name", "built"), NOTES)
def test_what_harms_nobody_is_a_note(name, built):
    assert [fault.severity for fault in look(built).faults if fault.name == name] == [Severity.INFO]


@pytest.mark.parametrize("built", SOUND, ids=range(len(SOUND)))
def test_look_alikes_are_no_faults(built):
    told = {fault.name for fault in look(built).faults if fault.severity is not Severity.INFO}
    assert told == set()


def test_modules_that_an_importer_makes_are_not_absent():
    text = b"from pkg.vendored.six import moves\n"
    files = {"pkg/__init__.py": text, "pkg/vendored/__init__.py": b"VendorImporter(__name__, ('six',)).install()\n"}
    assert "own-module-absent" not in names(build(files))


def test_a_program_that_may_be_started_is_no_fault():
    built = build({"pkg/__init__.py": b"", "pkg/bin/tool": PROGRAM}, LINUX)
    assert "program-not-executable" not in names(built, modes={"pkg/bin/tool": 0o100755})


def test_what_the_archive_has_twice_with_one_content_is_named():
    filename, members = build()
    packed = BytesIO(archive_bytes(members))
    with ZipFile(packed, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("pkg/__init__.py", members["pkg/__init__.py"])
    source = MemoryBytes(packed.getvalue())
    contents = read_contents(source)
    found = review(WheelArchive(source, contents.members), contents, filename, is_whole=True)
    assert "one-path-twice" in [each.name for each in found.faults]
