"""Ten faults known from public reports, rebuilt small: the script shows each with pip in a clean environment.

The oracle is the mended release of the same wheel, of which the same script must not show the fault.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.cli import main
from index_server import IndexServer
from index_wheels import publish
from native_files import build_library, elf_bytes, macho_bytes
from needs import C_COMPILER, needs
from uv_knowledge import know_this_python

pytestmark = pytest.mark.integration

LINUX = "cp311-cp311-manylinux_2_28_x86_64"
MAC = "cp311-cp311-macosx_12_0_arm64"
WINDOWS = "cp311-cp311-win_amd64"
MACHO = macho_bytes(["@rpath/libpywrap_litert_common.dylib"], size=4096)


def undefined(tmp_path):
    """A library that wants a symbol which nobody defines, and its mended twin: real files of the C compiler."""
    needs(C_COMPILER)
    if os.uname().machine != "x86_64":
        pytest.skip("needs a compiler for x86_64")
    uses = "int use(void) { return icudt77_dat; }"
    bad = build_library(tmp_path / "bad.so", f"extern int icudt77_dat; {uses}")
    good = build_library(tmp_path / "good.so", f"int icudt77_dat = 1; {uses}")
    return bad.read_bytes(), good.read_bytes()


def litert(server, _):
    files = {"ai_edge_litert/__init__.py": b"from . import _pywrap\n", "ai_edge_litert/_pywrap.so": MACHO}
    publish(server, "ai-edge-litert", "2.1.0rc1", MAC, files=files, uploaded="2025-11-21T00:00:00Z")
    files = {**files, "ai_edge_litert/libpywrap_litert_common.dylib": MACHO}
    publish(server, "ai-edge-litert", "2.1.1", MAC, files=files, uploaded="2026-01-27T00:00:00Z")
    return "ai-edge-litert==2.1.0rc1", "macos-arm64", "2.1.1"


def text(server, tmp_path):
    for version, library in zip(("2.21.0", "2.21.1"), undefined(tmp_path), strict=True):
        files = {"tensorflow_text/__init__.py": b"from . import _ops\n", "tensorflow_text/_ops.so": library}
        publish(server, "tensorflow-text", version, LINUX, files=files, uploaded=f"2026-0{version[-1]}1-01T00:00:00Z")
    return "tensorflow-text==2.21.0", "linux-x86_64-glibc2.36", "2.21.1"


def hub(server, _):
    publish(server, "setuptools", "84.2.1")
    for version, line in (("0.16.1", b"import pkg_resources\n"), ("0.17", b"")):
        files = {"tensorflow_hub/__init__.py": line}
        publish(server, "tensorflow-hub", version, requires=["setuptools"], files=files)
    return "tensorflow-hub==0.16.1", "linux-x86_64", "0.17"


def mediapipe(server, _):
    for version, line in (("0.10.30", b"from attr import attrs\n"), ("0.10.33", b"")):
        publish(server, "mediapipe", version, files={"mediapipe/__init__.py": line})
    return "mediapipe==0.10.30", "linux-x86_64", "0.10.33"


def onnx(server, _):
    publish(server, "ml-dtypes", "0.4.1", files={"ml_dtypes/__init__.py": b"old = 1\n"})
    for version, name in (("1.19.0", b"float4_e2m1fn"), ("1.19.1", b"old")):
        files = {
            "onnx/__init__.py": b"from . import _mapping\n",
            "onnx/_mapping.py": b"import ml_dtypes\nX = ml_dtypes." + name,
        }
        publish(server, "onnx", version, requires=["ml-dtypes"], files=files)
    return "onnx==1.19.0", "linux-x86_64", "1.19.1"


def sounddevice(server, _):
    looks = b"from ctypes.util import find_library\nif find_library('portaudio') is None:\n    raise OSError('none')\n"
    publish(server, "sounddevice", "0.5.3", files={"sounddevice.py": looks})
    publish(server, "sounddevice", "0.5.4", files={"sounddevice.py": b""})
    return "sounddevice==0.5.3", "linux-x86_64", "0.5.4"


def quantizer(server, _):
    """A module that another distribution has only in newer releases."""
    publish(server, "ai-edge-litert", "1.0", files={"ai_edge_litert/__init__.py": b""})
    for version, line in (("0.1", b"from ai_edge_litert import interpreter\n"), ("0.2", b"import ai_edge_litert\n")):
        files = {"ai_edge_quantizer/__init__.py": line}
        publish(server, "ai-edge-quantizer", version, requires=["ai-edge-litert"], files=files)
    return "ai-edge-quantizer==0.1", "linux-x86_64", "0.2"


def expat(server, _):
    files = {"vela/__init__.py": b"from . import _x\n", "vela/_x.so": elf_bytes(["libexpat_absent.so.1", "libc.so.6"])}
    publish(server, "vela", "5.2.0", LINUX, files=files)
    publish(server, "vela", "5.2.1", LINUX, files={**files, "vela/_x.so": elf_bytes(["libc.so.6"])})
    return "vela==5.2.0", "linux-x86_64-glibc2.36", "5.2.1"


def filesystem(server, _):
    publish(server, "tensorflow-io-gcs-filesystem", "0.37.1", LINUX)
    publish(server, "tensorflow-io-gcs-filesystem", "0.31.0", WINDOWS)
    return "tensorflow-io-gcs-filesystem==0.37.1", "windows-amd64", "0.31.0"


def torch(server, _):
    publish(server, "tf-nightly", "2.19.0.dev1")
    publish(server, "ai-edge-torch", "0.3.0", requires=["tf-nightly>=2.19.0.dev20250208"])
    publish(server, "ai-edge-torch", "0.4.0")
    return "ai-edge-torch==0.3.0", "linux-x86_64", "0.4.0"


FAULTS = (litert, text, hub, mediapipe, onnx, sounddevice, quantizer, expat, filesystem, torch)


@pytest.fixture
def index(tmp_path, monkeypatch):
    with IndexServer() as server:
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "UV_INDEX"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", server.simple)
        monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
        monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
        know_this_python(tmp_path / "cache" / "resolver" / "uv")
        yield server


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    """The interpreter of an environment with pip alone."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.mark.parametrize("make", FAULTS, ids=lambda make: make.__name__)
def test_the_script_shows_the_fault_and_not_where_it_is_mended(make, index, clean, tmp_path, capsys):
    asked, platform, mended = make(index, tmp_path)
    folder = tmp_path / "upstream"
    words = ["inspect", asked, "--platform", platform, "--python", "3.11", "--upstream", str(folder)]
    assert main(words) == 1
    assert "Nothing was sent" in capsys.readouterr().err
    script = folder / "reproduce.py"
    shown = run(clean, script)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "=> shown" in shown.stdout
    assert "envdoctor" not in script.read_text(encoding="utf-8")
    told = (folder / "report.md").read_text(encoding="utf-8")
    assert "## Releases affected" in told
    assert "affected" in told
    version = asked.partition("==")[2]
    script.write_text(retold(script.read_text(encoding="utf-8"), version, mended), encoding="utf-8")
    other = run(clean, script)
    assert other.returncode == 1, other.stdout + other.stderr
    assert "=> NOT shown" in other.stdout


def retold(text, version, mended):
    """The script about the mended release, if it is no other platform's."""
    return re.sub(rf"(?<![\d.]){re.escape(version)}(?![\d.]*\d)", mended, text)


def run(python, script):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [str(python), str(script)], capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def test_a_matrix_reports_its_newest_fault(index, clean, tmp_path, capsys):
    litert(index, tmp_path)
    folder = tmp_path / "upstream"
    words = ["matrix", "ai-edge-litert>=2.1.0rc1,<2.1.1", "--pre", "--platform", "macos-arm64", "--python", "3.11"]
    assert main([*words, "--upstream", str(folder)]) == 1
    capsys.readouterr()
    assert run(clean, Path(folder, "reproduce.py")).returncode == 0


def test_what_is_sound_has_no_report(index, tmp_path, capsys):
    publish(index, "fine", "1")
    words = ["inspect", "fine==1", "--platform", "linux-x86_64", "--python", "3.11"]
    assert main([*words, "--upstream", str(tmp_path / "upstream")]) == 2
    assert "nothing is wrong with fine 1" in capsys.readouterr().err
    assert not (tmp_path / "upstream").exists()
