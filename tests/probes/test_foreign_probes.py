"""Probes of what a package needs and no installer brings: files of a vendor, runtimes of other languages."""

import json

import pytest

from asking import ask
from package_facts import ERROR, INFO, WARNING
from sites import facts_of

TAKES = """
import os, pathlib
_SUBDIR = "data"

def sdk():
    package_dir = pathlib.Path(__file__).parent.resolve()
    sdk_path = package_dir / _SUBDIR
    if sdk_path.is_dir():
        return sdk_path
    print("Warning: not found")
"""
RAISES = """
import os
HERE = os.path.dirname(os.path.abspath(__file__))

def load():
    folder = os.path.join(HERE, "libs", "x86")
    if not os.path.exists(folder):
        raise FileNotFoundError(folder)
"""
SILENT = """
import os

def server():
    path = os.path.join(os.path.dirname(__file__), "bin", "server")
    return path if os.path.exists(path) else None
"""


def config(version, many=False):
    framework = {"name": "Microsoft.NETCore.App", "version": version}
    options = {"frameworks": [framework]} if many else {"framework": framework}
    return json.dumps({"runtimeOptions": {"tfm": "net7.0", **options}})


# PKG030


@pytest.mark.parametrize(
    ("text", "absent"), [(TAKES, "data"), (RAISES, "libs"), (f'"""Files fetched at install time."""\n{SILENT}', "bin")]
)
def test_a_package_without_what_it_carries_is_hollow(site, text, absent):
    site.install("vendor-sdk", files={"vendor_sdk/__init__.py": text})
    (finding,) = ask("PKG030", facts_of(site, executable="/env/bin/python"))
    assert (finding.severity, finding.subject) == (ERROR, "vendor-sdk")
    assert str(site.path / "vendor_sdk" / absent) in finding.message
    assert finding.fix.commands[0][-1] == "vendor-sdk==1.0"
    assert "--no-cache-dir" in finding.fix.commands[0]


@pytest.mark.parametrize(
    "files",
    [
        {"vendor_sdk/__init__.py": TAKES, "vendor_sdk/data/lib.so": b"x"},
        {"vendor_sdk/__init__.py": f"{TAKES}\nos.makedirs(sdk())\n"},
        {"vendor_sdk/__init__.py": "import os\nTESTS = os.path.join(os.path.dirname(__file__), '..', 'tests')\n"},
        {"vendor_sdk/__init__.py": "import os\nROOT = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'x')\n"},
        {"vendor_sdk/__init__.py": TAKES} | {f"vendor_sdk/m{number}.py": "" for number in range(4)},
        {"vendor_sdk/__init__.py": TAKES, "vendor_sdk/labels.txt": ""},
        {"vendor_sdk/__init__.py": "x = 1 / 2\nname = ', '.join(('a', 'b'))\n"},
        {"vendor_sdk/__init__.py": "not Python"},
    ],
    ids=["there", "made by itself", "above", "above its package", "much code", "a file", "no path", "unreadable"],
)
def test_what_is_no_hollow_package(site, files):
    site.install("vendor-sdk", files=files)
    assert ask("PKG030", facts_of(site)) == ()


def test_what_appeared_later_fills_it(site):
    site.install("vendor-sdk", files={"vendor_sdk/__init__.py": TAKES})
    site.write("vendor_sdk/data/lib.so", b"x")
    assert ask("PKG030", facts_of(site)) == ()


def test_who_can_do_without_is_noted(site):
    site.install("data-server", files={"data_server/__init__.py": SILENT})
    (finding,) = ask("PKG030", facts_of(site))
    assert (finding.severity, finding.fix) == (INFO, None)


# PKG031


@pytest.fixture
def dotnet(tmp_path, monkeypatch):
    """A folder of .NET's, to be filled."""
    root = tmp_path / "dotnet"
    root.mkdir()
    monkeypatch.setenv("DOTNET_ROOT", str(root))
    return root


def installed(root, version):
    (root / "host/fxr" / version).mkdir(parents=True)
    (root / "shared/Microsoft.NETCore.App" / version).mkdir(parents=True)


@pytest.mark.parametrize("many", [True, False])
def test_dotnet_is_missing(site, dotnet, many):
    site.install("compiler", files={"compiler/__init__.py": "", "compiler/C.runtimeconfig.json": config("7.0.0", many)})
    (finding,) = ask("PKG031", facts_of(site))
    assert (finding.severity, finding.subject) == (WARNING, "compiler")
    assert "starts .NET 7.0, which is not on this machine." in finding.message
    assert finding.evidence[1].source == str(dotnet)


@pytest.mark.parametrize(
    ("present", "told"),
    [("7.0.20", False), ("7.1.0", False), ("6.0.36", True), ("8.0.1", True), ("7.0.0-preview.1", False)],
)
def test_a_later_minor_version_serves(site, dotnet, present, told):
    installed(dotnet, present)
    site.install("compiler", files={"compiler/__init__.py": "", "compiler/C.runtimeconfig.json": config("7.0.0")})
    found = ask("PKG031", facts_of(site))
    assert bool(found) == told
    assert all(f"there is {present}" in finding.message for finding in found)


@pytest.mark.parametrize("text", ["{", "[]", '{"runtimeOptions": 1}', '{"runtimeOptions": {}}', config("$(x)")])
def test_a_file_that_asks_for_nothing_known(site, dotnet, text):
    site.install("compiler", files={"compiler/__init__.py": "", "compiler/C.runtimeconfig.json": text})
    assert ask("PKG031", facts_of(site)) == ()


@pytest.fixture
def no_java(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)


STARTS = "import subprocess\ndef run():\n    subprocess.run(['java', '-jar', 'x.jar'])\n"


def test_java_is_missing(site, no_java):
    site.install("reader", files={"reader/__init__.py": STARTS, "reader/reader.jar": b"PK"})
    (finding,) = ask("PKG031", facts_of(site))
    assert "starts Java, which is not on this machine." in finding.message


@pytest.mark.parametrize("files", [{"reader/__init__.py": STARTS}, {"reader/__init__.py": "", "reader/r.jar": b""}])
def test_a_jar_or_the_word_alone_asks_for_nothing(site, no_java, files):
    site.install("reader", files=files)
    assert ask("PKG031", facts_of(site)) == ()


def test_java_is_there(site, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/java").write_text("")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    site.install("reader", files={"reader/__init__.py": STARTS, "reader/reader.jar": b"PK"})
    assert ask("PKG031", facts_of(site)) == ()
