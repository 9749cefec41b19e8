import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from envdoctor.compilers.edgetpu.notebook import check_result, write_notebook
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.reader import read_model
from shared_data import shared
from standin import build_standin

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models():
    pairs = [json.loads(line) for line in shared("data/edgetpu/pairs.jsonl").read_text("utf-8").splitlines()]
    return [shared("data/edgetpu") / pair["file"] for pair in pairs if pair["file"] and not pair["on_cpu"]]


@pytest.fixture
def notebook(models, tmp_path):
    write_notebook(tmp_path / "n.ipynb", models[0], ["-s"])
    return json.loads((tmp_path / "n.ipynb").read_text("utf-8"))


def test_it_is_a_notebook_of_the_format(notebook):
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(notebook)


def test_its_cells_compile_the_model_that_is_inside(notebook, models, tmp_path, monkeypatch, capsys):
    """Run as Colab would, with the stand-in on PATH in place of what the cells install."""
    standin = build_standin(tmp_path / "bundle")
    monkeypatch.setenv("PATH", f"{standin.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], cell["id"], "exec"), names)
    assert Path(models[0].name).read_bytes() == models[0].read_bytes()
    result = tmp_path / f"{models[0].stem}_edgetpu.tflite"
    assert f"SHA-256 of {result.name} is" in capsys.readouterr().out
    check_result(result, models[0])


def test_a_damaged_notebook_says_so(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(notebook["cells"][1]["source"], names)
    names["MODEL"][0] = "AAAA" + names["MODEL"][0][4:]
    with pytest.raises(SystemExit, match="damaged"):
        exec(notebook["cells"][2]["source"], names)


def test_results_that_do_not_belong_to_the_model(models, tmp_path):
    with pytest.raises(Unreadable, match="was not made by the Edge TPU compiler"):
        check_result(models[0], models[0])
    standin = build_standin(tmp_path / "bundle")
    other = next(path for path in models[1:] if path.stat().st_size != models[0].stat().st_size)
    subprocess.run([standin, other], cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(Unreadable, match="has other"):
        check_result(tmp_path / f"{other.stem}_edgetpu.tflite", next(p for p in models if shape(p) != shape(other)))
    shutil.rmtree(tmp_path / "bundle")


def shape(path):
    graph = read_model(path).main
    return [graph.tensors[index].shape for index in graph.inputs]
