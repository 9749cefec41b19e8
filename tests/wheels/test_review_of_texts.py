"""Rules that read a wheel's Python text and its METADATA: what is not packed, and what old tools wrote."""

import pytest

from envdoctor.core.finding import Severity
from native_files import elf_bytes, macho_bytes, with_symbols
from reviewed_wheels import INFO, LINUX, MACOS, METADATA, build, look, names

OS = "import json\nimport os\n"
PATH = "from pathlib import Path\n"
RESOURCES = "from importlib.resources import files\n"


def modules(text, **others):
    """A wheel of a package whose `__init__` has a text."""
    return build({"pkg/__init__.py": text.encode(), **{path: content.encode() for path, content in others.items()}})


def script(content):
    return build({"pkg/__init__.py": b"", "pkg-1.0.data/scripts/run": content})


def entry_points(content):
    return build({"pkg/__init__.py": b"def main(): ...\n", f"{INFO}/entry_points.txt": content})


def native_module(text, begins):
    """A package with a module that defines `PyInit_` and a name."""
    module = with_symbols(macho_bytes, [(f"_PyInit_{begins}", 0, 0x0F, 0)], minimum_os=(11, 0, 0))
    return build({"pkg/__init__.py": text.encode(), "pkg/_m.cpython-312-darwin.so": module}, MACOS)


FAULTY = [
    ("own-module-absent", modules("from .gone import name\n")),
    ("own-module-absent", modules("import pkg.gone\n")),
    ("own-module-absent", modules("from pkg.gone.more import name\n")),
    ("own-module-absent", modules("", **{"pkg/cli.py": "from . import other\nfrom .sub.part import x\n"})),
    ("data-file-absent", modules(OS + "X = json.load(open(os.path.join(os.path.dirname(__file__), 'x.json')))\n")),
    ("data-file-absent", modules(PATH + "X = (Path(__file__).parent / 'x.txt').read_text()\n")),
    ("data-file-absent", modules(PATH + "HERE = Path(__file__).parent\nwith open(HERE / 'x.y') as f: ...\n")),
    ("data-file-absent", modules("import pkgutil\nX = pkgutil.get_data(__package__, 'x.json')\n")),
    ("data-file-absent", modules(RESOURCES + "X = files('pkg').joinpath('x.sql').read_text()\n")),
    ("data-file-absent", modules(OS + "if 1: y = 1\nX = open(os.path.join(os.path.dirname(__file__), 'a.b'))\n")),
    ("data-in-working-folder", modules("X = open('data/x.json').read()\n")),
    ("requires-part-of-python", build(metadata=METADATA + "Requires-Dist: enum34\n")),
    ("requires-part-of-python", build(metadata=METADATA + "Requires-Dist: pathlib (>=1.0)\n")),
    ("requires-local-version", build(metadata=METADATA + "Requires-Dist: torch==2.0.0+cu118\n")),
    ("script-without-interpreter", script(b"print(1)\n")),
    ("script-without-interpreter", script(b"#!/home/me/env/bin/python\nprint(1)\n")),
    ("script-without-interpreter", script(b"#!/opt/conda/bin/python\nprint(1)\n")),
    ("script-without-interpreter", script(b"#!C:\\Python\\python.exe\nprint(1)\n")),
    ("script-without-interpreter", script(b"#!/bin/sh\r\necho\r\n")),
    ("clashing-command", build(scripts="lint = pkg:main")),
    ("entry-points-malformed", entry_points(b"[console_scripts]\nrun pkg:main\n")),
    ("entry-points-malformed", entry_points(b"run = pkg:main\n")),
    ("secret-file", build({"pkg/__init__.py": b"", "pkg/.env": b"KEY=1\n"})),
    (
        "link-as-text",
        build({"pkg/__init__.py": b"", "pkg/libx.so": b"libx.so.1", "pkg/libx.so.1": elf_bytes(())}, LINUX),
    ),
    ("module-without-init", native_module("from . import _m\n", "other")),
    ("typed-without-marker", build(metadata=METADATA + "Classifier: Typing :: Typed\n")),
]


@pytest.mark.parametrize(("name", "built"), FAULTY, ids=[f"{number}-{row[0]}" for number, row in enumerate(FAULTY)])
def test_a_fault_is_named(name, built):
    faults = [fault for fault in look(built).faults if fault.name == name]
    assert faults
    assert all(fault.severity is Severity.WARNING for fault in faults)


SOUND = {
    "in a try": "try:\n    from .gone import name\nexcept ImportError:\n    name = None\n",
    "in a function": "def use():\n    from .gone import name\n",
    "made by a hook": "def __getattr__(name): ...\nimport pkg.gone\n",
    "made by a finder": "import sys\nsys.meta_path.append(None)\nimport pkg.gone\n",
    "of another": "import other.gone\n",
    "written": "import os\nG = open(os.path.join(os.path.dirname(__file__), 'x.y'), 'w')\n",
    "made before": "import os\nP = os.path.join(os.path.dirname(__file__), 'x.y')\n"
    "if not os.path.exists(P): open(P, 'w')\nX = open(P).read()\n",
    "there": "import os\nX = open(os.path.join(os.path.dirname(__file__), '__init__.py')).read()\n",
    "above the package": PATH + "X = (Path(__file__).parent.parent / 'x.cfg').read_text()\n",
    "a choice": "import os\nX = open(os.environ.get('X') or os.path.join(os.path.dirname(__file__), 'x.y')).read()\n",
    "an absolute path": "X = open('/proc/cpuinfo').read()\n",
    "in a function, by a relative path": "def use():\n    return open('x.json')\n",
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_look_alikes_are_no_faults(text):
    assert names(modules(text)) == []


@pytest.mark.parametrize(
    "path", ["pkg/_windows.py", "pkg/win32/a.py", "pkg/_private.py", "pkg/testing/a.py", "pkg/scripts/a.py"]
)
def test_what_may_be_for_another_platform_or_is_not_public_is_a_note(path):
    found = look(modules("", **{path: "from pkg._native import x\n"})).faults
    assert all(fault.severity is Severity.INFO for fault in found)


def test_a_file_that_a_function_reads_is_a_note():
    text = "import os\ndef use():\n    return open(os.path.join(os.path.dirname(__file__), 'x.json')).read()\n"
    (fault,) = look(modules(text)).faults
    assert (fault.name, fault.severity) == ("data-file-absent", Severity.INFO)


def library(text, **files):
    """The same of a distribution with a longer name."""
    filename, members = build({"pkgs/__init__.py": text.encode(), **files})
    renamed = {path.replace("pkg-1.0", "pkgs-1.0"): content for path, content in members.items()}
    for name in ("METADATA", "RECORD"):
        path = f"pkgs-1.0.dist-info/{name}"
        renamed[path] = renamed[path].replace(b"Name: pkg", b"Name: pkgs").replace(b"pkg-1.0", b"pkgs-1.0")
    return f"pkgs-1.0-{filename.partition('-1.0-')[2]}", renamed


def test_a_library_that_is_called_like_the_project_and_is_nowhere_is_named():
    text = "import ctypes\ndef load(): return ctypes.CDLL('libpkgs.so')\n"
    assert "library-file-absent" in names(library(text))
    assert "library-file-absent" not in names(library(text, **{"pkgs/libpkgs.so": elf_bytes(())}))
    assert "library-file-absent" not in names(library("import ctypes\nX = ctypes.CDLL('libusb.so')\n"))
    assert "library-file-absent" not in names(library("X = 'libpkgs.so'\n"))


def test_what_old_tools_wrote_is_a_note():
    for old in ("Metadata-Version: 2.0", "Metadata-Version: 1.3"):
        metadata = METADATA.replace("Metadata-Version: 2.4", old).replace("License-Expression", "License")
        found = [fault for fault in look(build(metadata=metadata)).faults if fault.subject == "metadata-version"]
        assert [fault.severity for fault in found] == [Severity.INFO]
    (fault,) = look(build(metadata=METADATA + "Requires-Python: UNKNOWN\n")).faults
    assert (fault.name, fault.severity) == ("metadata-invalid", Severity.INFO)
    (fault,) = look(build(metadata=METADATA.replace("2.4", "9.9"))).faults
    assert (fault.name, fault.severity) == ("metadata-invalid", Severity.WARNING)


def test_a_tag_for_python_two_that_requires_python_shuts_out_is_a_note():
    both = build(
        tag="py2.py3-none-any",
        wheel="Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
        metadata=METADATA + "Requires-Python: >=3.6\n",
    )
    (fault,) = look(both).faults
    assert (fault.name, fault.severity) == ("python-two-excluded", Severity.INFO)
    old = build(
        tag="py2.py3-none-any",
        wheel="Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
        metadata=METADATA + "Requires-Python: >=2.7, !=3.0.*\n",
    )
    assert names(old) == []


def test_tags_that_are_none_are_told_as_they_stand():
    built = build(wheel="Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: -any\n")
    (fault,) = look(built).faults
    assert fault.message == "WHEEL has no Tag that is PYTHON-ABI-PLATFORM, only '-any'"


def test_a_command_of_the_project_itself_is_absent_whatever_it_requires():
    built = build({}, metadata=METADATA + "Requires-Dist: other\n", scripts="run = pkg.cli:main")
    assert "entry-point-absent" in names(built)


def test_processors_that_an_elf_header_does_not_tell_apart_are_no_fault():
    arm = elf_bytes((), machine=40, wide=False)
    for tag in ("linux_armv5l", "linux_armv6l", "linux_armv7l"):
        built = build({"pkg/__init__.py": b"", "pkg/_m.so": arm}, f"cp312-cp312-{tag}")
        assert "module-of-another-processor" not in names(built)


@pytest.mark.parametrize(
    ("name", "built"),
    [
        ("requires-tool-of-developers", build(metadata=METADATA + "Requires-Dist: pytest>=7\n")),
        ("platform-of-no-index", build({"pkg/_m.so": elf_bytes(("libc.so.6",))}, "cp312-cp312-linux_x86_64")),
        ("platform-without-natives", build(tag="py3-none-manylinux_2_17_x86_64")),
        ("startup-file", build({"pkg/__init__.py": b"", "pkg.pth": b"import pkg\n"})),
        ("hidden-module", build({"pkg/__init__.py": b"", "pkg.py": b"x = 1\n"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_only_worth_a_look_is_a_note(name, built):
    (fault,) = [each for each in look(built).faults if each.name == name]
    assert fault.severity is Severity.INFO


@pytest.mark.parametrize(
    "built",
    [
        script(b"#!python\r\nprint(1)\r\n"),
        script(b"#!/usr/bin/env python\n"),
        script(b"\x7fELF" + bytes(40)),
        build({"pkg/__init__.py": b"", "pkg-1.0.data/scripts/run.bat": b"echo\r\n"}),
        entry_points(b"# a comment\n[console_scripts]\nrun = pkg:main\n\n[other.group]\nx = pkg:main\n"),
        native_module("from . import _m\n", "_m"),
        native_module("import ctypes\n", "other"),
        build(metadata=METADATA + "Requires-Dist: pytest ; extra == 'test'\nProvides-Extra: test\n"),
        build({"pkg/__init__.py": b"", "pkg.pth": b"pkg/vendored\n"}),
        build({"pkg/__init__.py": b"\xef\xbb\xbfx = 1\n"}),
    ],
)
def test_other_look_alikes_are_no_faults(built):
    assert names(built) == []


def test_bits_of_the_mode_are_told():
    built = build()
    (fault,) = look(built, modes={"pkg/__init__.py": 0o100640}).faults
    assert (fault.name, fault.severity) == ("private-mode", Severity.INFO)
    (fault,) = look(built, modes={"pkg/__init__.py": 0o104755}).faults
    assert (fault.name, fault.severity) == ("special-mode", Severity.WARNING)
