"""What is examined is never run: no command starts a file of the environment that it looks at."""

import ensurepip
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from envdoctor.cli import main
from envdoctor.cli.fix import Asking
from index_wheels import publish
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


PROGRAMS = [
    "docker",
    "podman",
    "edgetpu_compiler",
    "qemu-x86_64",
    "uv",
    "pip",
    "git",
    "ldd",
    "sh",
    "unshare",
    "keyring",
]
MODULES = ["click", "socket", "rich", "msgspec", "uv", "keyring", "tomllib", "sitecustomize", "numpy", "psutil", "json"]


@pytest.fixture
def hostile(planted, tmp_path):
    """A folder to stand in, and an active environment, full of programs and modules that leave marks."""
    for folder in (planted.python.parent, tmp_path / "here"):
        folder.mkdir(exist_ok=True)
        for name in PROGRAMS:
            program = folder / name
            program.write_text(f"#!/bin/sh\n/bin/touch '{tmp_path}/marks/{folder.name}-{name}'\n")
            program.chmod(0o755)
    for name in MODULES:
        (tmp_path / "here" / f"{name}.py").write_text(planted.code(f"module-{name}"))
    write_keras(tmp_path / "here" / "conv.keras")
    return tmp_path / "here"


@pytest.mark.slow
@pytest.mark.parametrize("start", [["-m", "envdoctor"], [str(Path(sys.executable).with_name("envdoctor"))]])
@pytest.mark.parametrize(
    "line",
    [
        "check --python {env} --to edgetpu",
        "routes conv.keras --to edgetpu --python {python}",
        "sweep models . --to edgetpu --db ../found.sqlite",
        "build conv.keras --to edgetpu --offline --calibration random --out ../out",
    ],
)
def test_nor_what_lies_in_the_current_folder_or_on_the_path(planted, hostile, tmp_path, start, line):
    if start[0] != "-m" and not Path(start[0]).is_file():
        pytest.skip("envdoctor is not installed here")
    words = [word.format(env=planted.folder, python=planted.python) for word in line.split()]
    variables = {**os.environ, "ENVDOCTOR_CACHE": str(tmp_path / "cache")} | {"PYTHONPATH": "", "PYTHONUSERBASE": ""}
    argv = [sys.executable, *start, *words]
    done = subprocess.run(argv, cwd=hostile, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert planted.marks() == [], done.stderr
    assert done.returncode in {0, 1, 3, 4}, done.stderr


@pytest.fixture
def to_mend(planted, server, tmp_path, monkeypatch):
    """An environment with pip that lacks a package, and a project whose build leaves a mark."""
    pip = next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"), None)
    if pip is None:
        pytest.skip("needs the pip that comes with Python")
    zipfile.ZipFile(pip).extractall(planted.site.path)
    publish(server, "lacking", "1.0")
    publish(server, "foo", "2.0")
    project = tmp_path / "foo"
    project.mkdir()
    (project / "setup.py").write_text(planted.code("setup") + "from setuptools import setup\nsetup(name='foo')\n")
    planted.site.install("wants", "1.0", requires=["lacking", "foo>=2"])
    source = json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}})
    planted.site.install("foo", "1.0", {"foo.py": "", "foo-1.0.dist-info/direct_url.json": source})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", server.simple)
    for name, folder in {"ENVDOCTOR_STATE": "state", "ENVDOCTOR_CACHE": "cache", "UV_CACHE_DIR": "uv"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setattr(Asking, "can_ask", True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    (tmp_path / "code").mkdir()
    return ["fix", "PKG001", "--python", str(planted.python), "--code", str(tmp_path / "code")]


@pytest.mark.slow
@pytest.mark.parametrize("installer", ["pip", "uv"])
@pytest.mark.parametrize("more", [["--dry-run"], []], ids=["dry-run", "no"])
def test_nor_does_a_fix_before_it_is_agreed_to(to_mend, planted, installer, more, capsys):
    """Which tries its plan on a copy of the environment."""
    if installer == "uv":
        shutil.rmtree(next(planted.site.path.glob("pip-*.dist-info")))
        shutil.rmtree(planted.site.path / "pip")
    before = {file: file.read_bytes() for file in planted.site.path.rglob("*") if file.is_file()}
    assert main([*to_mend, *more]) == 1
    printed = capsys.readouterr().out
    assert "lacking  is added: 1.0" in printed, printed
    assert "foo      1.0 -> 2.0" in printed, printed
    assert "not offered" not in printed
    assert planted.marks() == []
    assert {file: file.read_bytes() for file in planted.site.path.rglob("*") if file.is_file()} == before
