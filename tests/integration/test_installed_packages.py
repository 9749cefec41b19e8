"""Environments of real wheels that are known to break, and the proof that they do: what is found is what happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asking import ask
from envdoctor.core.finding import Severity
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from tflite_bytes import pack, small

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
UV = (sys.executable, "-m", "uv")


@pytest.fixture
def make(tmp_path):
    """Makes an environment with these wheels; skips the test where the index can't be reached."""

    def make(python, *steps):
        folder = tmp_path / "environment"
        if subprocess.run([*UV, "venv", "-q", "--python", python, str(folder)], check=False).returncode:
            pytest.skip(f"needs Python {python}")
        for step in steps:
            done = subprocess.run(
                [*UV, "pip", "install", "-q", "--python", str(folder), *step],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                pytest.skip(f"needs an index with {', '.join(step)}: {done.stderr.strip()[-200:]}")
        return folder

    return make


def facts(folder):
    return Facts(Request(python=folder), LocalExecutor())


def run(folder, code):
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False, timeout=300)


def test_tflite_runtime_under_numpy_2(make, tmp_path):
    folder = make("3.11", ["tflite-runtime==2.14.0", "numpy==2.3.4"])
    (finding,) = ask("PKG009", facts(folder))
    assert (finding.severity, finding.subject) == (Severity.ERROR, "tflite-runtime")
    (tmp_path / "small.tflite").write_bytes(pack(small()))
    code = f"import tflite_runtime.interpreter as i; i.Interpreter({str(tmp_path / 'small.tflite')!r})"
    assert "_ARRAY_API not found" in run(folder, code).stderr
    subprocess.run([*UV, "pip", "install", "-q", "--python", str(folder), finding.fix.commands[0][-1]], check=True)
    assert ask("PKG009", facts(folder)) == ()
    assert run(folder, code).returncode == 0


def test_keras_and_its_nightly_build(make):
    folder = make("3.11", ["keras==3.15.1"], ["--no-deps", "--prerelease=allow", "keras-nightly"])
    found = facts(folder)
    (finding,) = ask("PKG003", found)
    (overlap,) = found.records.overlaps
    assert finding.severity is Severity.ERROR
    assert (overlap.not_first, overlap.not_second) == (len(overlap.paths), 0)
    assert ask("PKG005", found) == ask("PKG006", found) == ()

    subprocess.run([*UV, "pip", "uninstall", "-q", "--python", str(folder), "keras-nightly"], check=True)
    (broken,) = ask("PKG005", facts(folder))
    assert run(folder, "from keras import Sequential").returncode != 0
    (command,) = broken.fix.commands
    subprocess.run([*UV, *command[1:]], check=True)
    assert ask("PKG005", facts(folder)) == ()


def test_an_environment_of_wheels_as_they_come_has_no_problem(make):
    folder = make("3.11", ["ai-edge-litert==2.3.0", "h5py", "scipy", "opencv-python-headless", "requests[socks]"])
    found = facts(folder)
    for number in range(1, 18):
        bad = [one.message for one in ask(f"PKG{number:03}", found) if one.severity > Severity.INFO]
        assert bad == []
    assert Path(found.python.prefix) == folder
