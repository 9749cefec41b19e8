"""Environments of public bug reports and sound ones, of real wheels: what `check` tells is what Python does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.core.availability import CellVerdict
from envdoctor.core.finding import Severity
from envdoctor.doctor.check import CheckRequest, check
from envdoctor.doctor.installed import inspect_installed

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
UV = (sys.executable, "-m", "uv")
ON_IMPORTS = ["PKG001", "PKG020", "PKG021", "PKG022", "LIB001"]


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes an environment with these wheels; skips the test where the index can't be reached."""
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def make(*steps):
        folder = tmp_path / "environment"
        if subprocess.run([*UV, "venv", "-q", "--python", "3.11", str(folder)], check=False).returncode:
            pytest.skip("needs Python 3.11")
        for step in steps:
            install = [*UV, "pip", "install", "-q", "--python", str(folder), *step]
            done = subprocess.run(install, check=False, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"needs an index with {', '.join(step)}: {done.stderr.strip()[-200:]}")
        return folder

    return make


def imports(folder, module, **variables):
    """What Python says when it imports a module: "" if it does."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [str(python), "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=dict(os.environ) | variables,
    )
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


def problems(folder):
    return check(CheckRequest(python=folder, only=ON_IMPORTS)).problems


def mend(folder, finding):
    """Run the fix as it stands."""
    for command in finding.fix.commands:
        words = [sys.executable, "-m", *command] if command[0] == "uv" else list(command)
        subprocess.run(words, check=True, capture_output=True)


#: (what is installed, what fails, words of CPython, code, words of the finding); the reports are public ones.
REPORTS = {
    "tensorflow/hub 934": (
        (["tensorflow==2.20.0", "tensorflow_hub==0.16.1", "tf_keras==2.20.1", "setuptools==84.2.1"],),
        "tensorflow_hub", "pkg_resources", "PKG021", "tensorflow_hub imports pkg_resources, which is not installed",
    ),
    "tensorboard 7064": (
        (["tensorboard==2.20.0", "setuptools==84.2.1"],),
        "tensorboard.main", "pkg_resources", "PKG021", "The command `tensorboard` fails",
    ),
    "nptyping under numpy 2": (
        (["nptyping==2.0.1", "numpy==2.3.4"],), "nptyping", "bool8", "PKG021", "asks for numpy.bool8",
    ),
    "onnx 7249": (
        (["onnx==1.19.0", "ml_dtypes==0.4.1"],), "onnx", "float4_e2m1fn", "PKG021", "ml_dtypes.float4_e2m1fn",
    ),
    "forge-classic 1150": (
        (["tensorflow==2.20.0"], ["--no-deps", "protobuf==4.25.8"]),
        "tensorflow", "runtime_version", "PKG001", "protobuf 4.25.8 is installed: `import tensorflow` fails",
    ),
    "jax beside another jaxlib": (
        (["jax==0.10.2"], ["--no-deps", "jaxlib==0.4.30"]), "jax", "", "PKG001", "`import jax` fails",
    ),
}  # fmt: skip


@pytest.mark.parametrize("report", REPORTS)
def test_a_reported_failure_is_named_and_its_fix_works(make, report):
    steps, module, words, code, said = REPORTS[report]
    folder = make(*steps)
    assert words in imports(folder, module)
    finding = next(each for each in problems(folder) if each.code == code and said in each.message)
    assert finding.severity is Severity.ERROR
    assert inspect_installed(finding.subject.partition(",")[0], folder).verdict is CellVerdict.BROKEN
    mend(folder, finding)
    assert imports(folder, module) == ""
    assert not [each for each in problems(folder) if said in each.message]


def test_portaudio_is_looked_for_as_sounddevice_does(make):
    folder = make(["sounddevice==0.5.3", "numpy"])
    told = [each for each in problems(folder) if each.code == "PKG021"]
    fails = imports(folder, "sounddevice")
    assert bool(told) == bool(fails)
    if told:
        assert "PortAudio" in fails
        assert "the library portaudio" in told[0].message


def test_a_package_that_wants_keras_two_is_named(make):
    folder = make(["tensorflow-model-optimization==0.8.0", "tensorflow==2.20.0", "setuptools<82"])
    assert imports(folder, "tensorflow_model_optimization")
    (finding,) = [each for each in problems(folder) if each.code == "PKG020"]
    mend(folder, finding)
    assert imports(folder, "tensorflow_model_optimization") == ""
    assert problems(folder) == ()


SOUND = {
    "tensorflow": ["tensorflow==2.21.0"],
    "mediapipe": ["mediapipe"],
    "ai-edge-litert": ["ai-edge-litert==2.3.0"],
    "jax": ["jax"],
    "torch": ["torch", "--torch-backend=cpu"],
    "scientific": ["pandas", "matplotlib", "scikit-learn", "h5py", "jupyterlab"],
    "web": ["django", "fastapi[standard]", "celery", "boto3", "sqlalchemy"],
}


@pytest.mark.parametrize("kind", SOUND)
def test_of_a_sound_environment_nothing_is_told(make, kind):
    folder = make(SOUND[kind])
    assert [each for each in problems(folder) if each.code != "LIB001"] == []


@pytest.mark.skipif(not Path(".venv").is_dir(), reason="needs the developers' own environment in .venv")
def test_of_the_developers_environment_nothing_is_told(tmp_path, monkeypatch):
    environment = Path(".venv").absolute()
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert problems(environment) == ()
