"""What is examined is never run: no command starts a file of the environment that it looks at."""

import os
import subprocess

import pytest

from envdoctor.cli import main
from keras_files import write_keras
from planted_environment import Planted

pytestmark = pytest.mark.skipif(os.name == "nt", reason="makes an environment as POSIX has them")

COMMANDS = [
    "check --python {env}",
    "check --python {python} --to edgetpu -v",
    "routes {model} --to ethos-u55-128 --python {python}",
    "routes {model} --to edgetpu --python {env} -v",
    "report --python {env}",
    "report {model} --to ethos-u55-128 --python {env}",
    "inspect --installed foo --in {env}",
    "inspect app==1.0",
    "build {model} --to ethos-u55-128 --python {python} --offline --calibration random --out {out}",
    "matrix app",
    "model {model}",
    "env list",
    "toolchain list",
    "explain PKG001",
]


@pytest.fixture
def planted(tmp_path, monkeypatch):
    made = Planted(tmp_path, sees_base=False)  # whose packages would all be followed in thought
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.mark.slow
def test_the_files_would_run(planted):
    subprocess.run([planted.python, "-c", ""], check=True)
    marks = planted.marks()
    assert "site-pth" in marks
    assert "path-sitecustomize" in marks


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_no_command_runs_what_it_examines(planted, server, tmp_path, line, capsys):
    model = write_keras(tmp_path / "conv.keras")
    words = {"env": planted.folder, "python": planted.python, "model": model, "out": tmp_path / "out"}
    code = main([word.format(**words) for word in line.split()])
    said = capsys.readouterr()
    assert planted.marks() == [], said
    assert code in {0, 1, 2, 3, 4}, said


@pytest.mark.slow
def test_nor_does_a_proof_by_installing(planted, server, capsys):
    assert main(["matrix", "app==1.0", "--platform", "here", "--verify"]) == 0
    assert planted.marks() == []
    assert "PROVEN" in capsys.readouterr().out
