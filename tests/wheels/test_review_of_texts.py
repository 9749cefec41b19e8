"""Rules that read a wheel's Python text and its METADATA: what is not packed, and what old tools wrote."""

import pytest

from envdoctor.core.finding import Severity
from native_files import elf_bytes
from reviewed_wheels import METADATA, build, look, names

OS = "import json\nimport os\n"
PATH = "from pathlib import Path\n"
RESOURCES = "from importlib.resources import files\n"


def modules(text, **others):
    """A wheel of a package whose `__init__` has a text."""
    return build({"pkg/__init__.py": text.encode(), **{path: content.encode() for path, content in others.items()}})


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
