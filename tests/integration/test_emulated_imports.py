"""What envdoctor says of wheels for another processor, held against Python's own import of them under emulation."""

import json
import subprocess

import pytest

from debian import Debian, unpack
from envdoctor.cli import main
from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_uv
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_environment
from needs import find, needing

QEMU = find("qemu-aarch64-static")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    needing("qemu-aarch64-static"),
]
USAGE = 2


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Debian 12's Python for aarch64 and little else, as in a slim container."""
    folder = tmp_path_factory.mktemp("root")
    unpack(Debian("bookworm").download("python3.11", "libstdc++6"), folder)
    return folder


@pytest.fixture
def verdict(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))

    def ask(requirement):
        code = main(["matrix", requirement, "--platform", "raspberry-pi-5", "--json"])
        printed = capsys.readouterr()
        if code == USAGE or not printed.out:
            pytest.skip(f"no package index can be asked here: {printed.err.strip()[-300:]}")
        (cell,) = json.loads(printed.out)["cells"]
        return cell

    return ask


@pytest.fixture
def imports(root, tmp_path):
    """The words with which an import fails in an environment of some pins; "" if it works."""

    def run(pins, module):
        site = tmp_path / f"site-{len(list(tmp_path.iterdir()))}"
        names = [f"{pin['name']}=={pin['version']}" for pin in pins]
        argv = [find_uv(), "pip", "install", "--target", site, "--python-platform", "aarch64-manylinux_2_36"]
        argv += ["--python-version", "3.11", "--only-binary", ":all:", "--no-deps", *names]
        environment = uv_environment(load_settings()) | {"UV_CACHE_DIR": str(tmp_path / "uv")}
        installed = LocalExecutor().run(Command(argv=tuple(map(str, argv)), env=environment, timeout=300))
        assert installed.ok, installed.stderr
        argv = [QEMU, "-L", root, root / "usr/bin/python3.11", "-S", "-B", "-c", f"import {module}"]
        done = subprocess.run(argv, env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else ""

    return run


@pytest.mark.parametrize(("requirement", "module"), [("lgpio==0.2.2.0", "lgpio"), ("msgspec==0.18.6", "msgspec")])
def test_a_sound_wheel_imports(verdict, imports, requirement, module):
    cell = verdict(requirement)
    assert (cell["verdict"], imports(cell["pins"], module)) == ("SOUND", "")


def test_a_library_of_the_system_that_nothing_brings(verdict, imports):
    cell = verdict("sounddevice==0.5.1")
    assert cell["verdict"] == "BROKEN"
    assert "PortAudio library not found" in imports(cell["pins"], "sounddevice")


def test_a_module_for_numpy_1_and_the_way_out(verdict, imports):
    cell = verdict("ml-dtypes==0.3.2")
    assert cell["verdict"] == "BROKEN"
    assert "numpy" in imports(cell["pins"], "ml_dtypes")
    assert imports(cell["way_out"], "ml_dtypes") == ""
