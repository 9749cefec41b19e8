"""Statements on what imports look for in vain."""

import pytest

from envdoctor.core.availability import ReasonKind
from envdoctor.core.finding import Severity
from needs import C_COMPILER, needs
from surveyed import reasons_of
from wheel_files import LINUX

FIND = "from ctypes.util import find_library\nif not find_library('{}'):\n    raise OSError"


def reasons(source, **others):
    """Of a module `app` that requires distributions, given by the files in each."""
    described = {"app": {"app.py": source}, **others}
    return reasons_of(
        [(name, "1.0", files, list(others) if name == "app" else []) for name, files in described.items()], LINUX
    )


def test_a_library_that_nothing_brings():
    (reason,) = reasons(FIND.format("portaudio"))
    assert (reason.kind, reason.severity, reason.subject) == (ReasonKind.BROKEN, Severity.ERROR, "app 1.0")
    assert (
        "app looks for the library portaudio, which nothing brings, and raises OSError; libportaudio2" in reason.message
    )
    assert reason.evidence[1].excerpt == "portaudio"
    assert (reason.cause.kind.value, reason.cause.files, reason.cause.names) == ("lookup", ("app",), ("portaudio",))


def test_a_library_that_desktops_have_is_a_warning():
    (reason,) = reasons(FIND.format("asound"))
    assert (reason.kind, reason.severity) == (ReasonKind.NOTE, Severity.WARNING)
    assert "fails without a library of the system" in reason.message


@pytest.mark.slow
def test_another_wheel_may_bring_it(elf_library):
    assert reasons(FIND.format("portaudio"), binary={"binary/lib/libportaudio.so.2": elf_library}) == []


EITHER = "try:\n    import torch\nexcept ImportError:\n    raise RuntimeError('install torch')"


def test_a_module_that_is_provided_for():
    (reason,) = reasons(EITHER)
    assert "app looks for torch, which no wheel of the set brings, and raises RuntimeError." in reason.message
    assert (reason.cause.kind.value, reason.cause.files, reason.cause.names) == ("module", ("app",), ("torch",))
    assert reasons(EITHER, torch={"torch/__init__.py": b""}) == []


@pytest.fixture
def elf_library(tmp_path):
    import subprocess

    path = tmp_path / "libportaudio.so.2"
    source = tmp_path / "a.c"
    source.write_text("int a(void) { return 1; }")
    subprocess.run([needs(C_COMPILER), "-shared", "-o", str(path), str(source)], check=True)
    return path.read_bytes()


ASKS = "from importlib.metadata import version\nversion('{}')\n"


@pytest.mark.parametrize(
    ("name", "others", "said"),
    [
        ("app-core", {}, "app asks for the metadata of app-core, which no wheel of the set is"),
        ("App", {}, ""),
        ("lib_two", {"lib-two": {"lib.py": ""}}, ""),
        ("pip", {}, ""),
    ],
)
def test_the_metadata_of_a_distribution(name, others, said):
    found = reasons(ASKS.format(name), **others)
    assert [said in reason.message for reason in found] == ([True] if said else [])


READS = "from pathlib import Path\n(Path(__file__).parent / 'VERSION').read_text()\n"


def test_a_file_at_the_top_of_site_packages():
    (reason,) = reasons(READS)
    assert "app opens VERSION, which its wheel lacks, and raises FileNotFoundError" in reason.message
    assert reasons(READS, other={"VERSION": "1", "other.py": ""}) == []


VERSION = "__version__ = '2.1.0'"
RUNTIME = "class Domain:\n    PUBLIC = 1\ndef ValidateProtobufRuntimeVersion(*args):\n    pass\n"
GATED = "import lib\nif tuple(map(int, lib.__version__.split('.')[:2])) > (2, 0):\n    raise ImportError('too new')\n"
ASKED = "from importlib.metadata import version\nif int(version('lib').split('.')[0]) > 1:\n    raise RuntimeError\n"
GATES = {"told by the module": (GATED, "ImportError"), "told by metadata": (ASKED, "RuntimeError")}


@pytest.mark.parametrize("gate", GATES)
def test_the_version_of_another_wheel_that_is_refused(gate):
    text, raises = GATES[gate]
    described = [("app", "1.0", {"app.py": text}, ["lib"]), ("lib", "2.1.0", {"lib/__init__.py": VERSION}, [])]
    (reason,) = reasons_of(described, LINUX)
    assert reason.message == f"app 1.0: `import app` fails: app looks at lib 2.1.0, and raises {raises}."
    older = [described[0], ("lib", "1.9.0", {"lib/__init__.py": VERSION.replace("2.1", "1.9")}, [])]
    assert reasons_of(older, LINUX) == []


def test_code_that_protoc_made_for_a_newer_protobuf():
    call = "r.ValidateProtobufRuntimeVersion(r.Domain.PUBLIC, 6, 31, 1, '', 'a.proto')"
    text = f"from google.protobuf import runtime_version as r\n{call}\n"
    runtime = {"google/protobuf/__init__.py": "", "google/protobuf/runtime_version.py": RUNTIME}
    described = [("app", "1.0", {"app.py": text}, ["protobuf"]), ("protobuf", "5.29.6", runtime, [])]
    (reason,) = reasons_of(described, LINUX)
    assert reason.message.endswith("app needs protobuf>=6.31.1, and raises VersionError.")
    assert reasons_of([described[0], ("protobuf", "6.33.0", runtime, [])], LINUX) == []
